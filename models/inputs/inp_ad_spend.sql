-- One row per campaign and day.

with ad_spend as (
    {{ cdp_union('ad_spend') }}
)

{{ cdp_with_reporting('ad_spend', 'spend', 'spend_date') }}
