{{ cdp_union('responses') }}
