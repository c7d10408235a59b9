-- One row per person record of a source.

with people as (
    {{ cdp_union('people') }}
)

{{ cdp_with_country('people', 'people') }}
