{{ cdp_union('order_lines') }}
