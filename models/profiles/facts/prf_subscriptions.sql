-- One row per state change of a profile's subscription, up to now.

{{ cdp_profiled('subscriptions', [
    'occurred_at', 'subscription_id', 'plan', 'status', 'mrr', 'mrr_reporting',
    'currency', 'started_at', 'current_period_end', 'cancel_at', 'ended_at',
]) }}
