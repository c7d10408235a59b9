{{ cdp_union('ad_spend') }}
