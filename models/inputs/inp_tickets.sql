{{ cdp_union('tickets') }}
