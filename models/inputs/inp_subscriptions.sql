-- One row per change of a subscription.

with subscriptions as (
    {{ cdp_union('subscriptions') }}
)

{{ cdp_with_reporting('subscriptions', 'mrr', 'occurred_at') }}
