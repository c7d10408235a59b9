-- One row per order or in-store transaction, whatever the source.

with orders as (
    {{ cdp_union('orders') }}
)

{{ cdp_with_reporting('orders', 'total', 'occurred_at') }}
