-- One row per charge that succeeded or failed. Feeds the contract events, for dunning.

{{ config(
    enabled=cdp_has_source('stripe'),
    meta={
        'cdp_contract': 'events',
        'cdp_identifiers': ['stripe_customer_id', 'email'],
    },
) }}

with charges as (
    {{ cdp_source('stripe', 'charge') }}
),

current_charges as (
    {{ cdp_latest('charges', ['id'], ['_fivetran_synced', 'status']) }}
),

payments as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        customer_id as stripe_customer_id,
        receipt_email as email,
        {{ dbt.concat(["'payment_'", 'status']) }} as event_name,
        'billing' as channel,
        {{ cdp_major_units('amount', 'currency') }} as value,
        upper(currency) as currency,
        created as occurred_at,
        false as is_deleted
    from current_charges
    where status in ('succeeded', 'failed')
)

{{ cdp_emit('events', 'payments', [
    'occurred_at', 'event_name', 'channel', 'value', 'currency',
]) }}
