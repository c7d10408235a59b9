-- One row per line of a transaction at a till. Feeds the contract order_lines.
-- The total is what the store took: a manufacturer's coupon is money to the store, so
-- only the store's own discounts (its shelf offers, its match of a coupon) lower it.

{{ config(
    enabled=cdp_has_source('pos'),
    meta={'cdp_contract': 'order_lines'},
) }}

with raw_lines as (
    {{ cdp_source('pos', 'transaction_lines') }}
),

raw_transactions as (
    {{ cdp_source('pos', 'transactions') }}
),

raw_products as (
    {{ cdp_source('pos', 'products') }}
),

lines as (
    {{ cdp_latest('raw_lines', ['transaction_id', 'line_number'], []) }}
),

transactions as (
    {{ cdp_latest('raw_transactions', ['transaction_id'], ['updated_at']) }}
),

products as (
    {{ cdp_latest('raw_products', ['product_id'], ['updated_at']) }}
),

discounted_lines as (
    select
        *,
        coalesce(retail_discount, 0) + coalesce(coupon_match_discount, 0) as discount
    from lines
),

order_lines as (
    select
        discounted_lines._source as source,
        discounted_lines._brand as brand,
        {{ cdp_id('discounted_lines.transaction_id', 'discounted_lines.line_number') }}
            as record_id,
        false as is_deleted,
        transactions.transacted_at as occurred_at,
        discounted_lines.transaction_id as order_id,
        discounted_lines.line_number,
        discounted_lines.product_id,
        products.name as product_name,
        products.category,
        discounted_lines.quantity,
        (discounted_lines.sales_value + discounted_lines.discount)
        / nullif(discounted_lines.quantity, 0) as unit_price,
        discounted_lines.discount,
        discounted_lines.sales_value as total,
        transactions.currency
    from discounted_lines
    inner join transactions
        on
            discounted_lines._source = transactions._source
            and discounted_lines.transaction_id = transactions.transaction_id
    left join products
        on
            discounted_lines._source = products._source
            and discounted_lines.product_id = products.product_id
)

{{ cdp_emit('order_lines', 'order_lines', [
    'occurred_at', 'order_id', 'line_number', 'product_id', 'product_name', 'category',
    'quantity', 'unit_price', 'discount', 'total', 'currency',
]) }}
