-- One row per step of a visit on the web or in the app in the last `cdp_path_days`
-- days: what somebody did, the same thing done again and again being one step.

with identity_map as (
    select * from {{ ref('cdp_identity_map') }}
),

sessions as (
    select * from {{ ref('cdp_sessions') }}
    where ended_at > {{ dbt.dateadd('day', -var('cdp_path_days'), cdp_now()) }}
),

events as (
    select
        source,
        identity_key,
        record_id,
        channel,
        session_id,
        occurred_at,
        event_name
    from {{ ref('inp_events') }}
    where
        {{ cdp_has_happened() }}
        and channel in ('web', 'app')
        -- What trackers tell of the visit itself is nothing that the visitor did.
        and event_name not in (
            'session_started', 'first_visited', 'engaged', 'scrolled',
            'application_opened'
        )
        and occurred_at > {{ dbt.dateadd('day', -var('cdp_path_days') - 2, cdp_now()) }}
),

events_of_sessions as (
    select
        sessions.session_id,
        sessions.orders_completed > 0 as has_order,
        events.record_id,
        events.event_name as kind,
        events.occurred_at,
        lag(events.event_name) over (
            partition by sessions.session_id
            order by events.occurred_at, events.record_id
        ) as kind_before
    from events
    inner join identity_map
        on
            events.source = identity_map.source
            and events.identity_key = identity_map.record_id
    inner join sessions
        on
            identity_map.profile_id = sessions.profile_id
            and events.source = sessions.source
            and coalesce(events.channel, '') = coalesce(sessions.channel, '')
            and coalesce(events.session_id, '')
            = coalesce(sessions.source_session_id, '')
            and events.occurred_at between sessions.started_at and sessions.ended_at
),

numbered as (
    select
        *,
        sum(case when kind = kind_before then 0 else 1 end) over (
            partition by session_id
            order by occurred_at, record_id
            rows between unbounded preceding and current row
        ) as step_number
    from events_of_sessions
),

steps as (
    select
        session_id,
        step_number,
        min(kind) as kind,
        count(*) as times,
        min(occurred_at) as occurred_at,
        has_order
    from numbered
    group by session_id, step_number, has_order
),

final as (
    select
        *,
        lead(kind) over (partition by session_id order by step_number) as next_kind,
        lead(occurred_at) over (
            partition by session_id
            order by step_number
        ) as next_at
    from steps
)

select * from final
