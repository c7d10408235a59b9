-- One row per customer account of the shop. Feeds the contract people.

{{ config(
    enabled=cdp_has_source('shopify'),
    meta={
        'cdp_contract': 'people',
        'cdp_identifiers': ['shopify_customer_id', 'email', 'phone'],
    },
) }}

with customers as (
    {{ cdp_source('shopify', 'customer') }}
),

people as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        id as shopify_customer_id,
        email,
        phone,
        'customer' as person_kind,
        first_name,
        last_name,
        verified_email as is_email_verified,
        created_at,
        updated_at,
        false as is_deleted
    from customers
)

{{ cdp_emit('people', 'people', [
    'person_kind', 'first_name', 'last_name', 'is_email_verified', 'created_at',
    'updated_at',
]) }}
