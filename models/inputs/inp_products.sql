-- One row per product of a source.

{{ cdp_union('products') }}
