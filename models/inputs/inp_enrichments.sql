-- One row per attribute that a provider tells of an identifier.

{{ cdp_union('enrichments') }}
