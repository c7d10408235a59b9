-- One row per product of the shop. Feeds the contract products.

{{ config(
    enabled=cdp_has_source('shopify'),
    meta={'cdp_contract': 'products'},
) }}

with raw_products as (
    {{ cdp_source('shopify', 'product') }}
),

shopify_products as (
    {{ cdp_latest('raw_products', ['id'], ['updated_at']) }}
),

products as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        coalesce(_fivetran_deleted, false) as is_deleted,
        updated_at,
        title as name,
        product_type as category,
        vendor as manufacturer,
        published_at is not null as is_active
    from shopify_products
)

{{ cdp_emit('products', 'products', [
    'updated_at', 'name', 'category', 'manufacturer', 'is_active',
]) }}
