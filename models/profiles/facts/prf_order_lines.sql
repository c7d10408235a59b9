-- One row per line of a profile's order, with the product's category where the line
-- names none. A line names nobody: its order does.

with lines as (
    select * from {{ ref('inp_order_lines') }}
),

orders as (
    select * from {{ ref('prf_orders') }}
),

products as (
    select * from {{ ref('prf_products') }}
),

lines_of_orders as (
    select
        orders.profile_id,
        lines.source,
        lines.record_id,
        orders.brand,
        orders.occurred_at,
        orders.order_date,
        orders.is_cancelled,
        lines.order_id,
        lines.line_number,
        lines.product_id,
        lines.product_name,
        coalesce(lines.category, products.category) as category,
        lines.quantity,
        lines.total,
        lines.total_reporting,
        lines.currency
    from lines
    inner join orders
        on
            lines.source = orders.source
            and lines.order_id = orders.record_id
    left join products on lines.product_id = products.product_id
    where coalesce(lines.is_deleted, false) = false
)

select * from lines_of_orders
