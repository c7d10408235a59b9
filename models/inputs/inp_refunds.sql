-- One row per refund.

with refunds as (
    {{ cdp_union('refunds') }}
)

{{ cdp_with_reporting('refunds', 'amount', 'occurred_at') }}
