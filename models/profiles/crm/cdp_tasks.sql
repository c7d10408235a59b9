-- One row per thing that is to be done: a task, a call or a meeting that is not done
-- yet, also one that lies ahead. A person's next step is the one due first.

{{ config(schema=none, access='public') }}

with activities as (
    select * from {{ ref('inp_activities') }}
    where
        not coalesce(is_deleted, false)
        and done_at is null
        and (due_at is not null or kind = 'task')
        and coalesce(
            lower(status) not in (
                'completed', 'done', 'closed', 'cancelled', 'canceled', 'deferred'
            ),
            true
        )
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

pipeline as (
    select * from {{ ref('cdp_pipeline') }}
),

tasks as (
    select
        activities.*,
        {{ cdp_id(
            'activities.source', 'activities.input_model', 'activities.record_id'
        ) }} as task_key,
        identity_map.profile_id,
        coalesce(account_records.account_id, members.account_id) as own_account_id,
        pipeline.opportunity_key,
        owners.rep_id,
        {{ cdp_days_since(cdp_date('activities.due_at')) }} as days_since_due
    from activities
    left join identity_map
        on
            activities.source = identity_map.source
            and activities.identity_key = identity_map.record_id
    left join members on identity_map.profile_id = members.profile_id
    left join account_records
        on
            activities.source = account_records.source
            and activities.account_id = account_records.record_id
    left join owners
        on
            activities.source = owners.source
            and activities.owner_id = owners.owner_id
    left join pipeline
        on
            activities.source = pipeline.source
            and activities.opportunity_id = pipeline.opportunity_id
)

select
    task_key,
    source,
    record_id as task_id,
    brand,
    profile_id,
    own_account_id as account_id,
    opportunity_key,
    owner_id,
    rep_id,
    kind,
    subject,
    status,
    due_at,
    case
        when due_at is null then 'no_date'
        when days_since_due > 0 then 'overdue'
        when days_since_due = 0 then 'today'
        else 'ahead'
    end as due,
    case when due_at is not null then greatest(days_since_due, 0) end as days_overdue,
    profile_id is not null and row_number() over (
        partition by profile_id
        order by due_at nulls last, task_key
    ) = 1 as is_next_step
from tasks
