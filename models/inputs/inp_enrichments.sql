{{ cdp_union('enrichments') }}
