-- One row per session_id: a visit of a profile, as one source saw it in one channel.
-- A run replaces the profiles whose sessions have changed.

{{ config(
    schema=none,
    access='public',
    materialized='incremental',
    incremental_strategy='cdp_days',
    unique_key=['profile_id'],
    on_schema_change='fail',
) }}

{%- set own = [
    'session_id', 'source', 'channel', 'source_session_id', 'started_at', 'ended_at',
    'session_date', 'duration_seconds', 'events', 'product_views', 'cart_adds',
    'orders_completed', 'fingerprint',
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

sessions as (
    select
        profile_id,
        source,
        channel,
        source_session_id,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        sum(events) as events,
        sum(product_views) as product_views,
        sum(cart_adds) as cart_adds,
        sum(orders_completed) as orders_completed,
        cast(sum(fingerprint) as numeric(38, 0)) as fingerprint
    from session_days
    {%- if is_incremental() %}
    where profile_id in (select stale_profiles.profile_id from stale_profiles)
    {%- endif %}
    group by profile_id, source, channel, source_session_id, session_number
),

final as (
    select
        {{ dbt.hash(cdp_id(
            'profile_id', 'source', 'channel', 'source_session_id', 'started_at'
        )) }} as session_id,
        profile_id,
        source,
        channel,
        source_session_id,
        started_at,
        ended_at,
        {{ cdp_date('started_at') }} as session_date,
        {{ dbt.datediff('started_at', 'ended_at', 'second') }} as duration_seconds,
        cast(events as {{ cdp_type('integer') }}) as events,
        cast(product_views as {{ cdp_type('integer') }}) as product_views,
        cast(cart_adds as {{ cdp_type('integer') }}) as cart_adds,
        cast(orders_completed as {{ cdp_type('integer') }}) as orders_completed,
        fingerprint
    from sessions
)

{% if is_incremental() -%}
select
    stale_profiles.profile_id,
    final.{{ own | join(',\n    final.') }}
from stale_profiles
left join final on stale_profiles.profile_id = final.profile_id
{%- else -%}
select * from final
{%- endif %}
