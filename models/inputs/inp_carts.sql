{{ cdp_union('carts') }}
