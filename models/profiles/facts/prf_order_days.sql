-- One row per (profile_id, order_date). Facts of a day do not age: what is relative to
-- today is computed from them, once, in prf_traits__orders.

with orders as (
    select * from {{ ref('prf_orders') }}
),

days as (
    select
        profile_id,
        order_date,
        count(*) as orders,
        coalesce(sum(total_reporting), 0) as revenue,
        sum(case when coupon is not null then 1 else 0 end) as orders_with_coupon,
        sum(case when total_reporting is null then 1 else 0 end) as orders_without_rate
    from orders
    where not is_cancelled
    group by profile_id, order_date
)

select * from days
