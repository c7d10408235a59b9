-- One row per transaction at a till. Feeds the contract orders.

{{ config(
    enabled=cdp_has_source('pos'),
    meta={
        'cdp_contract': 'orders',
        'cdp_identifiers': ['loyalty_id', 'email', 'phone'],
    },
) }}

with raw_transactions as (
    {{ cdp_source('pos', 'transactions') }}
),

transactions as (
    {{ cdp_latest('raw_transactions', ['transaction_id'], ['updated_at']) }}
),

orders as (
    select
        _source as source,
        _brand as brand,
        transaction_id as record_id,
        false as is_deleted,
        loyalty_id,
        customer_email as email,
        customer_phone as phone,
        transacted_at as occurred_at,
        updated_at,
        transaction_id as order_number,
        'store' as channel,
        store_id,
        'paid' as status,
        currency,
        subtotal,
        coalesce(discount, 0) + coalesce(coupon_discount, 0) as discount,
        tax,
        total
    from transactions
)

{{ cdp_emit('orders', 'orders', [
    'occurred_at', 'updated_at', 'order_number', 'channel', 'store_id', 'status',
    'currency', 'subtotal', 'discount', 'tax', 'total',
]) }}
