-- One row per checkout that was begun and left. Feeds the contract carts.

{{ config(
    enabled=cdp_has_source('shopify'),
    meta={
        'cdp_contract': 'carts',
        'cdp_identifiers': [
            'shopify_customer_id', 'email', 'phone', 'anonymous_id', 'ga_client_id',
        ],
    },
) }}

with raw_abandoned_checkouts as (
    {{ cdp_source('shopify', 'abandoned_checkout') }}
),

checkouts as (
    {{ cdp_latest('raw_abandoned_checkouts', ['id'], ['updated_at']) }}
),

carts as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        coalesce(_fivetran_deleted, false) as is_deleted,
        customer_id as shopify_customer_id,
        email,
        phone,
        note_attribute_segment_client_id as anonymous_id,
        note_attribute_google_client_id as ga_client_id,
        updated_at,
        created_at as started_at,
        completed_at,
        total_price as value,
        currency,
        abandoned_checkout_url as url,
        shipping_address_country_code as country_code
    from checkouts
)

{{ cdp_emit('carts', 'carts', [
    'updated_at', 'started_at', 'completed_at', 'value', 'currency', 'url',
    'country_code',
]) }}
