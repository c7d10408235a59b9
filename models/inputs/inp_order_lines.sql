-- One row per line of an order or in-store transaction.

with order_lines as (
    {{ cdp_union('order_lines') }}
)

{{ cdp_with_reporting('order_lines', 'total', 'occurred_at', may_be_negative=true) }}
