-- One row per part of a visit: what one identifier set of one source did within a day,
-- in one channel, without a pause of more than 30 minutes; or, where the source names
-- the session, in that session. prf_session_days joins the parts. Whose they are stands
-- nowhere, so the table does not age; a run replaces the days that have changed.

{{ config(
    materialized='incremental',
    incremental_strategy='cdp_days',
    unique_key=['activity_date'],
    on_schema_change='fail',
) }}

{%- set own = [
    'source', 'identity_key', 'channel', 'session_id', 'started_at', 'ended_at',
    'events', 'product_views', 'cart_adds', 'orders_completed', 'fingerprint',
] %}
{%- set visit = 'source, identity_key, channel, session_id, activity_date' %}

with
{%- if is_incremental() %}
found as (
    select
        {{ cdp_date('occurred_at') }} as activity_date,
        row_hash as fingerprint
    from {{ ref('inp_events') }}
    where {{ cdp_has_happened() }}
),

stale_days as (
    {{ cdp_stale_keys('found', ['activity_date']) }}
),
{%- endif %}

events as (
    select
        source,
        identity_key,
        channel,
        session_id,
        {{ cdp_date('occurred_at') }} as activity_date,
        occurred_at,
        event_name,
        row_hash
    from {{ ref('inp_events') }}
    where
        {{ cdp_has_happened() }}
        {%- if is_incremental() %}
        and {{ cdp_date('occurred_at') }} in (
            select stale_days.activity_date from stale_days
        )
        {%- endif %}
),

marked as (
    select
        *,
        case
            when
                session_id is null
                and lag(occurred_at) over (
                    partition by {{ visit }}
                    order by occurred_at
                ) < {{ dbt.dateadd('minute', -30, 'occurred_at') }}
                then 1
            else 0
        end as is_after_pause
    from events
),

numbered as (
    -- Events of one moment are in one part: the frame takes in all of them.
    select
        *,
        sum(is_after_pause) over (
            partition by {{ visit }}
            order by occurred_at
            range between unbounded preceding and current row
        ) as part_number
    from marked
),

parts as (
    select
        {{ visit }},
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as events,
        count(case when event_name = 'product_viewed' then 1 end) as product_views,
        count(case when event_name = 'product_added' then 1 end) as cart_adds,
        count(case when event_name = 'order_completed' then 1 end) as orders_completed,
        cast(sum(row_hash) as numeric(38, 0)) as fingerprint
    from numbered
    group by {{ visit }}, part_number
)

{% if is_incremental() -%}
select
    stale_days.activity_date,
    parts.{{ own | join(',\n    parts.') }}
from stale_days
left join parts on stale_days.activity_date = parts.activity_date
{%- else -%}
select * from parts
{%- endif %}
