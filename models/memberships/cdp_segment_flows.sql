-- One row per (day, from_segment, to_segment): people who left one segment and came
-- into another on that day. Who also came into a third counts there, too.

{{ config(access='public') }}

with memberships as (
    select * from {{ ref('cdp_segment_memberships') }}
),

exits as (
    select
        segment,
        profile_id,
        {{ cdp_date('exited_at') }} as day
    from memberships
    where exited_at is not null
),

entries as (
    select
        segment,
        profile_id,
        {{ cdp_date('entered_at') }} as day
    from memberships
),

flows as (
    select
        exits.day,
        exits.segment as from_segment,
        entries.segment as to_segment,
        cast(count(distinct exits.profile_id) as {{ cdp_type('integer') }}) as people
    from exits
    inner join entries
        on
            exits.profile_id = entries.profile_id
            and exits.day = entries.day
            and exits.segment <> entries.segment
    group by exits.day, exits.segment, entries.segment
)

select * from flows
