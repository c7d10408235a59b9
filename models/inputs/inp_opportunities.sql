-- One row per stay of a deal in a stage.

with opportunities as (
    {{ cdp_union('opportunities') }}
)

{{ cdp_with_reporting('opportunities', 'amount', 'occurred_at') }}
