-- One row per profile_id with an event on the web or in the app.

with days as (
    select
        *,
        {{ cdp_days_since('event_date') }} as days_ago
    from {{ cdp_of_profiles(ref('prf_event_days')) }}
),

product_views as (
    select * from {{ cdp_of_profiles(ref('prf_product_views')) }}
),

activity as (
    select
        profile_id,
        days_ago,
        last_event_at,
        case when channel = 'web' then sessions else 0 end as web_sessions,
        case when channel = 'app' then sessions else 0 end as app_sessions,
        product_views,
        cart_adds,
        case when channel = 'web' then days_ago end as web_days_ago,
        case when channel = 'app' then days_ago end as app_days_ago
    from days
),

visits as (
    select
        profile_id,
        {{ cdp_over_windows('web_sessions', 'web_sessions') }},
        {{ cdp_over_windows('app_sessions', 'app_sessions') }},
        {{ cdp_over_windows('product_views', 'product_views', [30, 365]) }},
        {{ cdp_over_windows('cart_adds', 'cart_adds', [30]) }},
        min(web_days_ago) as days_since_last_web_visit,
        min(app_days_ago) as days_since_last_app_visit,
        max(last_event_at) as last_event_at
    from activity
    group by profile_id
),

last_looks as (
    select
        profile_id,
        max(last_viewed_at) as last_viewed_at
    from product_views
    group by profile_id
),

-- Of the looks of her last moment alone: to sort all of them costs far more.
views_ranked as (
    select
        product_views.profile_id,
        product_views.product_id,
        product_views.product_name,
        product_views.category,
        product_views.last_viewed_at,
        row_number() over (
            partition by product_views.profile_id
            order by product_views.product_id
        ) as position
    from product_views
    inner join last_looks
        on
            product_views.profile_id = last_looks.profile_id
            and product_views.last_viewed_at = last_looks.last_viewed_at
),

final as (
    select
        visits.*,
        views_ranked.product_id as last_viewed_product_id,
        views_ranked.product_name as last_viewed_product_name,
        views_ranked.category as last_viewed_category,
        views_ranked.last_viewed_at as last_product_viewed_at
    from visits
    left join views_ranked
        on
            visits.profile_id = views_ranked.profile_id
            and views_ranked.position = 1
)

select * from final
