-- One row per (profile_id, channel, event_date): what somebody did on a day, on the
-- web, in the app or elsewhere. Facts of a day do not age; a run replaces the profiles
-- whose sessions have changed.

{{ config(
    materialized='incremental',
    incremental_strategy='cdp_days',
    unique_key=['profile_id'],
    on_schema_change='fail',
) }}

{%- set own = [
    'channel', 'event_date', 'sessions', 'events', 'product_views', 'cart_adds',
    'last_event_at', 'fingerprint',
] %}

with session_days as (
    select * from {{ ref('prf_session_days') }}
),
{%- if is_incremental() %}

-- Off the table, not off the CTE: one that is read twice is laid down with all columns.
stale_profiles as (
    {{ cdp_stale_keys(ref('prf_session_days'), ['profile_id']) }}
),
{%- endif %}

days_per_source as (
    select
        profile_id,
        channel,
        activity_date as event_date,
        source,
        sum(sessions) as sessions,
        sum(events) as events,
        sum(product_views) as product_views,
        sum(cart_adds) as cart_adds,
        max(ended_at) as last_event_at,
        sum(fingerprint) as fingerprint
    from session_days
    {%- if is_incremental() %}
    where profile_id in (select stale_profiles.profile_id from stale_profiles)
    {%- endif %}
    group by profile_id, channel, activity_date, source
),

days as (
    select
        profile_id,
        channel,
        event_date,
        -- Two trackers on one site tell of the same visit: the one that saw more
        -- counts.
        max(sessions) as sessions,
        max(events) as events,
        max(product_views) as product_views,
        max(cart_adds) as cart_adds,
        max(last_event_at) as last_event_at,
        cast(sum(fingerprint) as numeric(38, 0)) as fingerprint
    from days_per_source
    group by profile_id, channel, event_date
)

{% if is_incremental() -%}
select
    stale_profiles.profile_id,
    days.{{ own | join(',\n    days.') }}
from stale_profiles
left join days on stale_profiles.profile_id = days.profile_id
{%- else -%}
select * from days
{%- endif %}
