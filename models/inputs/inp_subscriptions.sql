{{ cdp_union('subscriptions') }}
