{{ cdp_union('people') }}
