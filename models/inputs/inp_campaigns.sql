-- One row per campaign of a source.

{{ cdp_union('campaigns') }}
