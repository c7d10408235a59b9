-- One row per support ticket opened up to now: how long its requester waited for an
-- answer and a solution, against the targets of its priority (seed
-- cdp_support_targets).

{{ config(schema=none, access='public') }}

with tickets as (
    select
        *,
        coalesce(lower(priority), 'none') as priority_name,
        -- A ticket that is done has a day on which it was, the last change if no other.
        case
            when coalesce(lower(status) in ('solved', 'closed'), solved_at is not null)
                then coalesce(solved_at, updated_at, opened_at)
        end as done_at
    from {{ ref('inp_tickets') }}
    where
        not coalesce(is_deleted, false)
        and coalesce(opened_at, updated_at) <= {{ cdp_now() }}
),

identity_map as (
    select * from {{ ref('cdp_identity_map') }}
),

members as (
    select * from {{ ref('cdp_account_members') }}
    where is_primary
),

account_records as (
    select * from {{ ref('prf_account_records') }}
),

owners as (
    select * from {{ ref('prf_owners') }}
),

targets as (
    select * from {{ cdp_reference('support_targets') }}
),

timed as (
    select
        *,
        coalesce(opened_at, updated_at) as begun_at,
        -- An answer before the question is a wrong clock's: no time to tell.
        case when first_response_at >= opened_at then first_response_at end
            as answered_at,
        case when solved_at >= opened_at and done_at is not null then solved_at end
            as resolved_at
    from tickets
),

measured as (
    select
        *,
        {{ cdp_hours_between('opened_at', 'answered_at') }} as first_response_hours,
        {{ cdp_hours_between('opened_at', 'resolved_at') }} as resolution_hours,
        {{ cdp_hours_between('begun_at', cdp_now()) }} as age_hours
    from timed
)

select
    {{ cdp_id('measured.source', 'measured.record_id') }} as ticket_key,
    measured.source,
    measured.record_id as ticket_id,
    measured.brand,
    identity_map.profile_id,
    coalesce(members.account_id, account_records.account_id) as account_id,
    measured.assignee_id,
    owners.rep_id,
    measured.priority_name as priority,
    coalesce(measured.channel, 'none') as channel,
    measured.category,
    measured.status,
    measured.done_at is null as is_open,
    measured.begun_at as opened_at,
    measured.first_response_at,
    measured.done_at,
    coalesce(measured.reopened_count, 0) as reopened_count,
    case when measured.satisfaction in ('good', 'bad') then measured.satisfaction end
        as satisfaction,
    measured.first_response_hours,
    measured.resolution_hours,
    case when measured.done_at is null then measured.age_hours end as open_hours,
    (
        coalesce(measured.first_response_at < measured.opened_at, false)
        or coalesce(measured.solved_at < measured.opened_at, false)
    ) as has_wrong_times,
    coalesce(
        measured.first_response_hours > targets.first_response_hours
        or (
            measured.first_response_at is null
            and measured.done_at is null
            and measured.age_hours > targets.first_response_hours
        ),
        false
    ) as is_answered_late,
    coalesce(
        measured.resolution_hours > targets.resolution_hours
        or (measured.done_at is null and measured.age_hours > targets.resolution_hours),
        false
    ) as is_solved_late
from measured
left join targets on measured.priority_name = targets.priority
left join identity_map
    on
        measured.source = identity_map.source
        and measured.identity_key = identity_map.record_id
left join members on identity_map.profile_id = members.profile_id
left join account_records
    on
        measured.source = account_records.source
        and measured.account_id = account_records.record_id
left join owners
    on
        measured.source = owners.source
        and measured.assignee_id = owners.owner_id
