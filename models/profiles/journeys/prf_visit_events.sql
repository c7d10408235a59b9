-- One row per event of a visit on the web or in the app in the last `cdp_path_days`
-- days. A visit is a session of cdp_sessions, and has its session_id. (To find an
-- event's session by joining that table on a span of time costs far more.)

{%- set session = 'profile_id, source, channel, source_session_id' %}

with identity_map as (
    select * from {{ cdp_of_profiles(ref('cdp_identity_map')) }}
),

-- Two days more: a visit may have begun before the first of the days.
events as (
    select
        source,
        identity_key,
        record_id,
        channel,
        session_id as source_session_id,
        occurred_at,
        event_name
    from {{ cdp_of_identities(ref('inp_events'), ref('prf_session_days')) }}
    where
        {{ cdp_has_happened() }}
        and channel in ('web', 'app')
        and occurred_at > {{ dbt.dateadd('day', -var('cdp_path_days') - 2, cdp_today()) }}
),

events_of_profiles as (
    select
        identity_map.profile_id,
        events.*,
        case
            when
                events.source_session_id is null
                and lag(events.occurred_at) over (
                    partition by
                        identity_map.profile_id, events.source, events.channel,
                        events.source_session_id
                    order by events.occurred_at, events.record_id
                ) < {{ dbt.dateadd('minute', -30, 'events.occurred_at') }}
                then 1
            else 0
        end as is_after_pause
    from events
    inner join identity_map
        on
            events.source = identity_map.source
            and events.identity_key = identity_map.record_id
),

numbered as (
    select
        *,
        sum(is_after_pause) over (
            partition by {{ session }}
            order by occurred_at, record_id
            rows between unbounded preceding and current row
        ) as session_number
    from events_of_profiles
),

visits as (
    select
        *,
        min(occurred_at) over (
            partition by {{ session }}, session_number
        ) as started_at,
        max(occurred_at) over (
            partition by {{ session }}, session_number
        ) as ended_at,
        max(case when event_name = 'order_completed' then 1 else 0 end) over (
            partition by {{ session }}, session_number
        ) as has_order
    from numbered
),

final as (
    select
        {{ dbt.hash(cdp_id(
            'profile_id', 'source', 'channel', 'source_session_id', 'started_at'
        )) }} as session_id,
        profile_id,
        record_id,
        event_name as kind,
        occurred_at,
        has_order = 1 as has_order
    from visits
    where ended_at > {{ dbt.dateadd('day', -var('cdp_path_days'), cdp_today()) }}
)

select * from final
