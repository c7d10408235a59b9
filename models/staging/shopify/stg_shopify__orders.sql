-- One row per order of the shop. Feeds the contract orders.

{{ config(
    enabled=cdp_has_source('shopify'),
    meta={
        'cdp_contract': 'orders',
        'cdp_identifiers': ['shopify_customer_id', 'email'],
    },
) }}

with raw_orders as (
    {{ cdp_source('shopify', 'order') }}
),

shopify_orders as (
    {{ cdp_latest('raw_orders', ['id'], ['updated_at']) }}
),

orders as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        coalesce(_fivetran_deleted, false) as is_deleted,
        customer_id as shopify_customer_id,
        email,
        coalesce(processed_at, created_at) as occurred_at,
        updated_at,
        name as order_number,
        case
            when source_name = 'pos' then 'store'
            when source_name in ('iphone', 'android') then 'app'
            else 'web'
        end as channel,
        location_id as store_id,
        case
            when cancelled_at is not null then 'cancelled'
            else lower(financial_status)
        end as status,
        currency,
        subtotal_price as subtotal,
        total_discounts as discount,
        total_tax as tax,
        -- the shop states no shipping total: what the order costs beyond its lines
        total_price - subtotal_price
        - case when taxes_included then 0 else coalesce(total_tax, 0) end as shipping,
        total_price as total,
        shipping_address_country_code as country_code,
        cancelled_at
    from shopify_orders
    where not coalesce(test, false)
)

{{ cdp_emit('orders', 'orders', [
    'occurred_at', 'updated_at', 'order_number', 'channel', 'store_id', 'status',
    'currency', 'subtotal', 'discount', 'tax', 'shipping', 'total', 'country_code',
    'cancelled_at',
]) }}
