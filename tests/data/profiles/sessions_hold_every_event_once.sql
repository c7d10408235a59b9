-- Invariant: the sessions of a source hold every event of known people, once.

with events as (
    select
        source,
        count(*) as events
    from {{ ref('cdp_timeline') }}
    where contract = 'events'
    group by source
),

sessions as (
    select
        source,
        sum(events) as events
    from {{ ref('cdp_sessions') }}
    group by source
)

select
    events.source,
    events.events as expected,
    sessions.events as found
from events
left join sessions on events.source = sessions.source
where events.events <> coalesce(sessions.events, 0)
