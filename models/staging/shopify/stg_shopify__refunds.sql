-- One row per refunded order line of the shop. Feeds the contract refunds.

{{ config(
    enabled=cdp_has_source('shopify'),
    meta={'cdp_contract': 'refunds'},
) }}

with raw_order_line_refunds as (
    {{ cdp_source('shopify', 'order_line_refund') }}
),

raw_refunds as (
    {{ cdp_source('shopify', 'refund') }}
),

raw_orders as (
    {{ cdp_source('shopify', 'order') }}
),

line_refunds as (
    {{ cdp_latest('raw_order_line_refunds', ['id'], ['_fivetran_synced']) }}
),

shopify_refunds as (
    {{ cdp_latest('raw_refunds', ['id'], ['_fivetran_synced']) }}
),

orders as (
    {{ cdp_latest('raw_orders', ['id'], ['updated_at']) }}
),

refunds as (
    select
        line_refunds._source as source,
        line_refunds._brand as brand,
        line_refunds.id as record_id,
        false as is_deleted,
        coalesce(shopify_refunds.processed_at, shopify_refunds.created_at)
            as occurred_at,
        shopify_refunds.order_id,
        line_refunds.order_line_id,
        line_refunds.quantity,
        -- with its tax, unless the shop's prices hold it already
        line_refunds.subtotal
        + case
            when orders.taxes_included then 0
            else coalesce(line_refunds.total_tax, 0)
        end as amount,
        orders.currency,
        shopify_refunds.note as reason
    from line_refunds
    inner join shopify_refunds
        on
            line_refunds._source = shopify_refunds._source
            and line_refunds.refund_id = shopify_refunds.id
    left join orders
        on
            shopify_refunds._source = orders._source
            and shopify_refunds.order_id = orders.id
    where not coalesce(orders.test, false)
)

{{ cdp_emit('refunds', 'refunds', [
    'occurred_at', 'order_id', 'order_line_id', 'quantity', 'amount', 'currency',
    'reason',
]) }}
