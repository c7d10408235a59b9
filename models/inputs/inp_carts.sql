-- One row per checkout begun.

with carts as (
    {{ cdp_union('carts') }}
)

{{ cdp_with_reporting('carts', 'value', 'started_at') }}
