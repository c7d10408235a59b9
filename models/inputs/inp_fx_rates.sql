-- One row per currency and day of a source.

{{ cdp_union('fx_rates') }}
