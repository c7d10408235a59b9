{{ cdp_union('refunds') }}
