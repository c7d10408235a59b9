-- One row per (profile_id, product_id, view_date): products looked at, with the
-- product's category where the event names none. Facts of a day do not age.

with events as (
    select * from {{ ref('prf_events') }}
),

products as (
    select * from {{ ref('prf_products') }}
),

views_per_source as (
    select
        profile_id,
        product_id,
        {{ cdp_date('occurred_at') }} as view_date,
        source,
        max(category) as category,
        count(*) as views,
        max(occurred_at) as last_viewed_at
    from events
    where event_name = 'product_viewed' and product_id is not null
    group by profile_id, product_id, {{ cdp_date('occurred_at') }}, source
),

views as (
    select
        profile_id,
        product_id,
        view_date,
        max(category) as category,
        -- Two trackers on one site tell of the same look: the one that saw more counts.
        max(views) as views,
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
