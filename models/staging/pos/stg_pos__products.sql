-- One row per product of the stores. Feeds the contract products.

{{ config(
    enabled=cdp_has_source('pos'),
    meta={'cdp_contract': 'products'},
) }}

with raw_products as (
    {{ cdp_source('pos', 'products') }}
),

pos_products as (
    {{ cdp_latest('raw_products', ['product_id'], ['updated_at']) }}
),

products as (
    select
        _source as source,
        _brand as brand,
        product_id as record_id,
        false as is_deleted,
        updated_at,
        name,
        category,
        product_type as subcategory,
        department,
        manufacturer_id as manufacturer,
        unit_price,
        unit_cost,
        currency
    from pos_products
)

{{ cdp_emit('products', 'products', [
    'updated_at', 'name', 'category', 'subcategory', 'department', 'manufacturer',
    'unit_price', 'unit_cost', 'currency',
]) }}
