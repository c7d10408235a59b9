{{ cdp_union('products') }}
