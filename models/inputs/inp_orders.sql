{{ cdp_union('orders') }}
