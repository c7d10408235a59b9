{{ cdp_union('campaigns') }}
