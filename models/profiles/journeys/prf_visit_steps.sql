-- One row per step of a recent visit: what somebody did, the same thing done again and
-- again being one step.

with events as (
    select * from {{ cdp_of_profiles(ref('prf_visit_events')) }}
    -- What trackers tell of the visit itself is nothing that the visitor did.
    where kind not in (
        'session_started', 'first_visited', 'engaged', 'scrolled', 'application_opened'
    )
),

marked as (
    select
        *,
        case
            when
                kind = lag(kind) over (
                    partition by session_id
                    order by occurred_at, record_id
                )
                then 0
            else 1
        end as is_new_step
    from events
),

numbered as (
    select
        *,
        sum(is_new_step) over (
            partition by session_id
            order by occurred_at, record_id
            rows between unbounded preceding and current row
        ) as step_number
    from marked
),

steps as (
    select
        profile_id,
        session_id,
        has_order,
        step_number,
        min(kind) as kind,
        count(*) as times,
        min(occurred_at) as occurred_at
    from numbered
    group by profile_id, session_id, has_order, step_number
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
