{{ cdp_union('consents') }}
