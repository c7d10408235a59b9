{{ cdp_union('activities') }}
