-- One row per product_id: sources that sell the same product share its id; the latest
-- record describes it.

with products as (
    select * from {{ ref('inp_products') }}
),

ranked as (
    select
        record_id as product_id,
        name as product_name,
        category,
        unit_cost,
        currency,
        row_number() over (
            partition by record_id
            order by updated_at desc nulls first, source
        ) as position
    from products
    where coalesce(is_deleted, false) = false
),

latest as (
    select
        product_id,
        product_name,
        category,
        unit_cost,
        currency
    from ranked
    where position = 1
)

select * from latest
