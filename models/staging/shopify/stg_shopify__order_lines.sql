-- One row per line of an order of the shop. Feeds the contract order_lines.

{{ config(
    enabled=cdp_has_source('shopify'),
    meta={'cdp_contract': 'order_lines'},
) }}

with raw_order_lines as (
    {{ cdp_source('shopify', 'order_line') }}
),

raw_orders as (
    {{ cdp_source('shopify', 'order') }}
),

raw_products as (
    {{ cdp_source('shopify', 'product') }}
),

shopify_lines as (
    {{ cdp_latest('raw_order_lines', ['id'], ['_fivetran_synced']) }}
),

orders as (
    {{ cdp_latest('raw_orders', ['id'], ['updated_at']) }}
),

products as (
    {{ cdp_latest('raw_products', ['id'], ['updated_at']) }}
),

order_lines as (
    select
        shopify_lines._source as source,
        shopify_lines._brand as brand,
        shopify_lines.id as record_id,
        coalesce(orders._fivetran_deleted, false) as is_deleted,
        coalesce(orders.processed_at, orders.created_at) as occurred_at,
        shopify_lines.order_id,
        shopify_lines.index as line_number,
        shopify_lines.product_id,
        coalesce(shopify_lines.title, shopify_lines.name) as product_name,
        products.product_type as category,
        shopify_lines.quantity,
        shopify_lines.price as unit_price,
        coalesce(shopify_lines.total_discount, 0) as discount,
        shopify_lines.price * shopify_lines.quantity
        - coalesce(shopify_lines.total_discount, 0) as total,
        orders.currency
    from shopify_lines
    inner join orders
        on
            shopify_lines._source = orders._source
            and shopify_lines.order_id = orders.id
    left join products
        on
            shopify_lines._source = products._source
            and shopify_lines.product_id = products.id
    where not coalesce(orders.test, false)
)

{{ cdp_emit('order_lines', 'order_lines', [
    'occurred_at', 'order_id', 'line_number', 'product_id', 'product_name', 'category',
    'quantity', 'unit_price', 'discount', 'total', 'currency',
]) }}
