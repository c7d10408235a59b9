-- Invariant: what the profiles have spent is what the orders of known people came to,
-- to the cent, cancelled orders left out. Counted from the input, by no model of ours.

with orders as (
    select
        count(*) as orders,
        coalesce(sum(inp_orders.total_reporting), 0) as revenue
    from {{ ref('inp_orders') }} as inp_orders
    inner join {{ ref('cdp_identity_map') }} as cdp_identity_map
        on
            inp_orders.source = cdp_identity_map.source
            and inp_orders.identity_key = cdp_identity_map.record_id
    where
        inp_orders.is_deleted is not true
        and inp_orders.occurred_at <= {{ cdp_now() }}
        and coalesce(inp_orders.cancelled_at > {{ cdp_now() }}, true)
        and coalesce(inp_orders.status, '') not in ('cancelled', 'canceled', 'voided')
),

profiles as (
    select
        coalesce(sum(orders_lifetime), 0) as orders,
        coalesce(sum(revenue_lifetime), 0) as revenue
    from {{ ref('cdp_profiles') }}
)

select
    orders.orders as orders_expected,
    profiles.orders as orders_found,
    orders.revenue as revenue_expected,
    profiles.revenue as revenue_found
from orders
cross join profiles
where orders.orders <> profiles.orders or abs(orders.revenue - profiles.revenue) >= 0.01
