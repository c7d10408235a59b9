-- One row per receipt of the till. Feeds the contract orders.

{{ config(meta={'cdp_contract': 'orders', 'cdp_identifiers': ['club_id', 'email']}) }}

with receipts as (
    select
        'till' as source,
        receipt_no as record_id,
        'Shop' as brand,
        false as is_deleted,
        member_no as club_id,
        mail as email,
        paid_at as occurred_at,
        paid_at as updated_at,
        'store' as channel,
        'paid' as status,
        'USD' as currency,
        amount as total
    from {{ ref('till_receipts') }}
)

{{ cdp.cdp_emit('orders', 'receipts', [
    'occurred_at', 'updated_at', 'channel', 'status', 'currency', 'total',
]) }}
