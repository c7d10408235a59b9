-- One row per profile_id that looked at a category or bought from one.

with favourites as (
    select * from {{ cdp_of_profiles(ref('prf_bought_categories')) }}
    where category_rank = 1
),

days as (
    select
        *,
        {{ cdp_days_since('activity_date') }} as days_ago
    from {{ cdp_of_profiles(ref('prf_category_days')) }}
),

categories as (
    select
        profile_id,
        category,
        sum(lines_bought) as lines_bought,
        sum(views) as views,
        sum(case when days_ago < 30 then views else 0 end) as views_last_30_days,
        -- A purchase says as much as three looks; after 90 days both are forgotten.
        sum(case when days_ago < 90 then views + 3 * lines_bought else 0 end)
            as interest
    from days
    group by profile_id, category
),

-- Each ranking sorts only the categories that can come first in it.
interests as (
    select
        profile_id,
        category,
        row_number() over (
            partition by profile_id
            order by interest desc, category
        ) as position
    from categories
    where interest > 0
),

browsed as (
    select
        profile_id,
        category,
        views_last_30_days,
        row_number() over (
            partition by profile_id
            order by views_last_30_days desc, category
        ) as position
    from categories
    where lines_bought = 0 and views_last_30_days > 0
),

counts as (
    select
        profile_id,
        count(case when lines_bought > 0 then 1 end) as categories_bought,
        count(case when views_last_30_days > 0 then 1 end)
            as categories_viewed_last_30_days,
        count(case when views > 0 then 1 end) as categories_viewed_lifetime
    from categories
    group by profile_id
),

final as (
    select
        counts.profile_id,
        favourites.category as favourite_category,
        {%- for position in [1, 2, 3] %}
        interests_{{ position }}.category as interest_category_{{ position }},
        {%- endfor %}
        browsed.category as browsed_category_never_bought,
        coalesce(browsed.views_last_30_days, 0) as browsed_category_views_last_30_days,
        counts.categories_bought,
        counts.categories_viewed_last_30_days,
        counts.categories_viewed_lifetime
    from counts
    left join favourites on counts.profile_id = favourites.profile_id
    {%- for position in [1, 2, 3] %}
    left join interests as interests_{{ position }}
        on
            counts.profile_id = interests_{{ position }}.profile_id
            and interests_{{ position }}.position = {{ position }}
    {%- endfor %}
    left join browsed
        on counts.profile_id = browsed.profile_id and browsed.position = 1
)

select * from final
