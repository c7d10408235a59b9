{{ cdp_union('accounts') }}
