-- One row per session of a profile and day that it touches: the parts of a visit
-- joined, whichever identifiers the visitor showed meanwhile, and past midnight. A
-- session ends with a pause of more than 30 minutes; one that the source names is as it
-- says. session_number counts within (profile_id, source, channel, source_session_id).

{%- set visits = 'profile_id, source, channel, source_session_id' %}
{%- set counts = [
    'session_number', 'sessions', 'events', 'product_views', 'cart_adds',
    'orders_completed',
] %}

with parts as (
    select * from {{ cdp_of_identities(ref('prf_session_parts')) }}
),

identity_map as (
    select * from {{ cdp_of_profiles(ref('cdp_identity_map')) }}
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
        parts.identity_key
    from parts
    inner join identity_map
        on
            parts.source = identity_map.source
            and parts.identity_key = identity_map.record_id
),

parts_with_last_seen as (
    select
        *,
        max(ended_at) over (
            partition by {{ visits }}
            order by started_at, ended_at, identity_key
            rows between unbounded preceding and 1 preceding
        ) as last_seen_at
    from parts_of_profiles
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
        sum(orders_completed) as orders_completed
    from numbered
    group by {{ visits }}, session_number, activity_date
)

select
    {{ visits }},
    activity_date,
    started_at,
    {%- for name in counts %}
    cast({{ name }} as {{ cdp_type('integer') }}) as {{ name }},
    {%- endfor %}
    ended_at
from session_days
