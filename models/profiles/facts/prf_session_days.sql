-- One row per session of a profile and day that it touches: the parts of a visit
-- joined, whichever identifiers the visitor showed meanwhile, and past midnight. A
-- session ends with a pause of more than 30 minutes; one that the source names is as it
-- says. session_number counts within (profile_id, source, channel, source_session_id).
-- A run replaces the profiles whose parts have changed.

{{ config(
    materialized='incremental',
    incremental_strategy='cdp_days',
    unique_key=['profile_id'],
    on_schema_change='fail',
) }}

{%- set visits = 'profile_id, source, channel, source_session_id' %}
{%- set own = [
    'source', 'channel', 'source_session_id', 'session_number', 'activity_date',
    'started_at', 'ended_at', 'sessions', 'events', 'product_views', 'cart_adds',
    'orders_completed', 'fingerprint',
] %}

with parts as (
    select * from {{ ref('prf_session_parts') }}
),

identity_map as (
    select * from {{ ref('cdp_identity_map') }}
),

parts_of_profiles as (
    select
        identity_map.profile_id,
        parts.source,
        parts.channel,
        parts.session_id as source_session_id,
        parts.activity_date,
        parts.started_at,
        parts.ended_at,
        parts.events,
        parts.product_views,
        parts.cart_adds,
        parts.orders_completed,
        parts.identity_key,
        {{ cdp_row_hash(['parts.fingerprint', 'parts.activity_date']) }} as fingerprint
    from parts
    inner join identity_map
        on
            parts.source = identity_map.source
            and parts.identity_key = identity_map.record_id
),
{%- if is_incremental() %}

stale_profiles as (
    {{ cdp_stale_keys('parts_of_profiles', ['profile_id']) }}
),
{%- endif %}

parts_with_last_seen as (
    select
        *,
        max(ended_at) over (
            partition by {{ visits }}
            order by started_at, ended_at, identity_key
            rows between unbounded preceding and 1 preceding
        ) as last_seen_at
    from parts_of_profiles
    {%- if is_incremental() %}
    where profile_id in (select stale_profiles.profile_id from stale_profiles)
    {%- endif %}
),

marked as (
    select
        *,
        case
            when last_seen_at is null then 1
            when
                source_session_id is null
                and last_seen_at < {{ dbt.dateadd('minute', -30, 'started_at') }}
                then 1
            else 0
        end as begins_session
    from parts_with_last_seen
),

numbered as (
    select
        *,
        sum(begins_session) over (
            partition by {{ visits }}
            order by started_at, ended_at, identity_key
            rows between unbounded preceding and current row
        ) as session_number
    from marked
),

session_days as (
    select
        {{ visits }},
        session_number,
        activity_date,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        sum(begins_session) as sessions,
        sum(events) as events,
        sum(product_views) as product_views,
        sum(cart_adds) as cart_adds,
        sum(orders_completed) as orders_completed,
        cast(sum(fingerprint) as numeric(38, 0)) as fingerprint
    from numbered
    group by {{ visits }}, session_number, activity_date
)

{% if is_incremental() -%}
select
    stale_profiles.profile_id,
    session_days.{{ own | join(',\n    session_days.') }}
from stale_profiles
left join session_days on stale_profiles.profile_id = session_days.profile_id
{%- else -%}
select * from session_days
{%- endif %}
