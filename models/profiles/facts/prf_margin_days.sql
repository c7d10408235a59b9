-- One row per (profile_id, order_date) with lines whose cost is known: what is left of
-- the revenue after the cost of the goods. Facts of a day do not age.

with lines as (
    select * from {{ ref('prf_order_lines') }}
),

products as (
    select * from {{ ref('prf_products') }}
),

-- The cost is converted at the line's own rate; one in another currency is not known.
line_costs as (
    select
        lines.profile_id,
        lines.order_date,
        lines.total_reporting,
        cast(
            products.unit_cost * lines.quantity
            * (lines.total_reporting / nullif(lines.total, 0))
            as {{ cdp_type('numeric') }}
        ) as cost_reporting
    from lines
    left join products
        on
            lines.product_id = products.product_id
            and coalesce(products.currency, lines.currency, '')
            = coalesce(lines.currency, '')
    where not lines.is_cancelled
),

days as (
    select
        profile_id,
        order_date,
        sum(case when cost_reporting is not null then total_reporting end) as revenue,
        sum(total_reporting - cost_reporting) as margin,
        sum(case when cost_reporting is null then 1 else 0 end) as lines_without_cost
    from line_costs
    group by profile_id, order_date
)

select * from days
