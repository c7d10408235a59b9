-- One row per (profile_id, category, activity_date): how often somebody looked at a
-- category and what she bought there. Facts of a day do not age.

with views as (
    select * from {{ ref('prf_product_views') }}
),

lines as (
    select * from {{ ref('prf_order_lines') }}
),

products as (
    select * from {{ ref('prf_products') }}
),

lines_with_category as (
    select
        lines.profile_id,
        lines.order_date,
        coalesce(lines.category, products.category) as category,
        lines.total_reporting
    from lines
    left join products on lines.product_id = products.product_id
    where not lines.is_cancelled
),

activity as (
    select
        profile_id,
        category,
        view_date as activity_date,
        views,
        0 as lines_bought,
        0 as revenue
    from views
    where category is not null

    union all

    select
        profile_id,
        category,
        order_date as activity_date,
        0 as views,
        1 as lines_bought,
        coalesce(total_reporting, 0) as revenue
    from lines_with_category
    where category is not null
),

days as (
    select
        profile_id,
        category,
        activity_date,
        sum(views) as views,
        sum(lines_bought) as lines_bought,
        sum(revenue) as revenue
    from activity
    group by profile_id, category, activity_date
)

select * from days
