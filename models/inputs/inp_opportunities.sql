{{ cdp_union('opportunities') }}
