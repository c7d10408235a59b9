-- One row per order or in-store transaction of a profile, up to now.
-- A cancelled order stays, marked: it is history, but no revenue.

with orders as (
    {{ cdp_profiled('orders', [
        'occurred_at', 'order_number', 'channel', 'store_id', 'status', 'currency',
        'discount', 'total', 'total_reporting', 'coupon', 'cancelled_at',
    ]) }}
),

marked as (
    select
        *,
        {{ cdp_date('occurred_at') }} as order_date,
        {{ cdp_is_cancelled() }} as is_cancelled
    from orders
)

select * from marked
