-- One row per (profile_id, product_id, view_date): products looked at, with the
-- product's category where the event names none. Facts of a day do not age.

with days as (
    select * from {{ cdp_of_identities(ref('prf_product_view_days')) }}
),

identity_map as (
    select * from {{ cdp_of_profiles(ref('cdp_identity_map')) }}
),

products as (
    select * from {{ ref('prf_products') }}
),

views_per_source as (
    select
        identity_map.profile_id,
        days.product_id,
        days.activity_date as view_date,
        days.source,
        max(days.category) as category,
        sum(days.views) as views,
        max(days.last_viewed_at) as last_viewed_at
    from days
    inner join identity_map
        on
            days.source = identity_map.source
            and days.identity_key = identity_map.record_id
    group by
        identity_map.profile_id, days.product_id, days.activity_date, days.source
),

views as (
    select
        profile_id,
        product_id,
        view_date,
        max(category) as category,
        -- Two trackers on one site tell of the same look: the one that saw more counts.
        cast(max(views) as {{ cdp_type('integer') }}) as views,
        max(last_viewed_at) as last_viewed_at
    from views_per_source
    group by profile_id, product_id, view_date
),

views_with_category as (
    select
        views.profile_id,
        views.product_id,
        views.view_date,
        coalesce(views.category, products.category) as category,
        products.product_name,
        views.views,
        views.last_viewed_at
    from views
    left join products on views.product_id = products.product_id
)

select * from views_with_category
