{{ cdp_union('fx_rates') }}
