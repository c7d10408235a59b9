-- One row per category: the product that most people bought in the last 365 days.

with lines as (
    select
        *,
        {{ cdp_days_since('order_date') }} as days_ago
    from {{ ref('prf_order_lines') }}
    where not is_cancelled and product_id is not null
),

products as (
    select * from {{ ref('prf_products') }}
),

sales as (
    select
        product_id,
        max(product_name) as product_name,
        max(category) as category,
        count(distinct profile_id) as buyers
    from lines
    where days_ago < 365
    group by product_id
),

sales_with_category as (
    select
        sales.product_id,
        coalesce(products.product_name, sales.product_name) as product_name,
        coalesce(sales.category, products.category) as category,
        sales.buyers
    from sales
    left join products on sales.product_id = products.product_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by category
            order by buyers desc, product_id
        ) as position
    from sales_with_category
    where category is not null
),

best_sellers as (
    select
        category,
        product_id,
        product_name,
        buyers
    from ranked
    where position = 1
)

select * from best_sellers
