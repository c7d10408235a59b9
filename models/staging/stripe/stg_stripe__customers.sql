-- One row per paying customer. Feeds the contract people.

{{ config(
    enabled=cdp_has_source('stripe'),
    meta={
        'cdp_contract': 'people',
        'cdp_identifiers': ['stripe_customer_id', 'user_id', 'email', 'phone'],
    },
) }}

with customers as (
    {{ cdp_source('stripe', 'customer') }}
),

current_customers as (
    {{ cdp_latest('customers', ['id'], ['_fivetran_synced', 'created']) }}
),

people as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        id as stripe_customer_id,
        nullif(trim({{ cdp_json_value('metadata', 'user_id') }}), '') as user_id,
        email,
        coalesce(phone, shipping_phone) as phone,
        'customer' as person_kind,
        {{ cdp_name_part('name', 'first') }} as first_name,
        {{ cdp_name_part('name', 'last') }} as last_name,
        address_line_1 as address_line1,
        address_line_2 as address_line2,
        address_city as city,
        address_state as region,
        address_postal_code as postal_code,
        address_country as country_code,
        created as created_at,
        -- Stripe does not say when a customer changed.
        created as updated_at,
        coalesce(is_deleted, false) as is_deleted
    from current_customers
)

{{ cdp_emit('people', 'people', [
    'person_kind', 'first_name', 'last_name', 'address_line1', 'address_line2', 'city',
    'region', 'postal_code', 'country_code', 'created_at', 'updated_at',
]) }}
