{{ cdp_union('messages') }}
