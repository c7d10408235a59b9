-- One row per (profile_id, rule_id): a rule of the seed cdp_lead_points that a known
-- person meets.

{%- set columns = cdp_profile_columns() %}
{{ cdp_check_points('lead_points', columns) }}

with people as (
    select * from {{ cdp_of_profiles(ref('cdp_profiles')) }}
    where is_known
)

{{ cdp_points(cdp_reference('lead_points'), 'people', 'profile_id', columns) }}
