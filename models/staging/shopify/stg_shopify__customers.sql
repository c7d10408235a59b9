-- One row per customer account of the shop. Feeds the contract people.
-- An account has no address of its own: that of its latest order stands in.

{{ config(
    enabled=cdp_has_source('shopify'),
    meta={
        'cdp_contract': 'people',
        'cdp_identifiers': ['shopify_customer_id', 'email', 'phone'],
    },
) }}

with raw_customers as (
    {{ cdp_source('shopify', 'customer') }}
),

raw_orders as (
    {{ cdp_source('shopify', 'order') }}
),

customers as (
    {{ cdp_latest('raw_customers', ['id'], ['updated_at']) }}
),

orders as (
    {{ cdp_latest('raw_orders', ['id'], ['updated_at']) }}
),

orders_latest_first as (
    select
        *,
        row_number() over (
            partition by _source, customer_id
            order by created_at desc nulls last, id desc
        ) as recency
    from orders
    where customer_id is not null and shipping_address_address_1 is not null
),

latest_orders as (
    select * from orders_latest_first
    where recency = 1
),

people as (
    select
        customers._source as source,
        customers._brand as brand,
        customers.id as record_id,
        coalesce(customers._fivetran_deleted, false) as is_deleted,
        customers.id as shopify_customer_id,
        customers.email,
        customers.phone,
        'customer' as person_kind,
        customers.first_name,
        customers.last_name,
        latest_orders.shipping_address_address_1 as address_line1,
        latest_orders.shipping_address_address_2 as address_line2,
        latest_orders.shipping_address_city as city,
        latest_orders.shipping_address_province_code as region,
        latest_orders.shipping_address_zip as postal_code,
        latest_orders.shipping_address_country_code as country_code,
        customers.verified_email as is_email_verified,
        customers.created_at,
        customers.updated_at
    from customers
    left join latest_orders
        on
            customers._source = latest_orders._source
            and customers.id = latest_orders.customer_id
)

{{ cdp_emit('people', 'people', [
    'person_kind', 'first_name', 'last_name', 'address_line1', 'address_line2', 'city',
    'region', 'postal_code', 'country_code', 'is_email_verified', 'created_at',
    'updated_at',
]) }}
