-- One row per (account_id, rule_id): a rule of the seed cdp_health_points that an
-- account meets.

{%- set columns = cdp_health_columns() %}
{{ cdp_check_points('health_points', columns) }}

with figures as (
    select * from {{ ref('prf_account_figures') }}
)

{{ cdp_points(cdp_reference('health_points'), 'figures', 'account_id', columns) }}
