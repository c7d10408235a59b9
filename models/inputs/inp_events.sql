{{ cdp_union('events') }}
