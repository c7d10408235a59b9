-- One row per profile_id that looked at a category or bought from one.

with days as (
    select
        *,
        {{ cdp_days_since('activity_date') }} as days_ago
    from {{ ref('prf_category_days') }}
),

categories as (
    select
        profile_id,
        category,
        sum(revenue) as revenue,
        sum(lines_bought) as lines_bought,
        sum(views) as views,
        sum(case when days_ago < 30 then views else 0 end) as views_last_30_days,
        -- A purchase says as much as three looks; after 90 days both are forgotten.
        sum(case when days_ago < 90 then views + 3 * lines_bought else 0 end)
            as interest
    from days
    group by profile_id, category
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id
            order by interest desc, category
        ) as interest_position,
        row_number() over (
            partition by profile_id
            order by
                case when lines_bought > 0 then 0 else 1 end,
                revenue desc,
                lines_bought desc,
                category
        ) as purchase_position,
        row_number() over (
            partition by profile_id
            order by
                case when lines_bought = 0 then 0 else 1 end,
                views_last_30_days desc,
                category
        ) as browsed_position
    from categories
),

final as (
    select
        profile_id,
        max(case when purchase_position = 1 and lines_bought > 0 then category end)
            as favourite_category,
        {%- for position in [1, 2, 3] %}
        max(
            case
                when interest_position = {{ position }} and interest > 0 then category
            end
        ) as interest_category_{{ position }},
        {%- endfor %}
        max(
            case
                when
                    browsed_position = 1
                    and lines_bought = 0
                    and views_last_30_days > 0
                    then category
            end
        ) as browsed_category_never_bought,
        max(
            case
                when browsed_position = 1 and lines_bought = 0 then views_last_30_days
                else 0
            end
        ) as browsed_category_views_last_30_days,
        count(case when lines_bought > 0 then 1 end) as categories_bought,
        count(case when views_last_30_days > 0 then 1 end)
            as categories_viewed_last_30_days,
        count(case when views > 0 then 1 end) as categories_viewed_lifetime
    from ranked
    group by profile_id
)

select * from final
