-- One row per task of the CRM: logged calls and emails, and things to do. Feeds the
-- contract activities.

{{ config(
    enabled=cdp_has_source('salesforce'),
    meta={
        'cdp_contract': 'activities',
        'cdp_identifiers': ['salesforce_contact_id', 'salesforce_lead_id'],
    },
) }}

with tasks as (
    {{ cdp_source('salesforce', 'task') }}
),

current_tasks as (
    {{ cdp_latest('tasks', ['id'], [
        '_fivetran_active', 'last_modified_date', '_fivetran_synced',
    ]) }}
),

tasks_with_completion as (
    select
        *,
        case
            when is_closed
                then coalesce(completed_date_time, last_modified_date, created_date)
        end as completed_at
    from current_tasks
),

activities as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        -- The first three characters of an id name its object.
        case when who_id like '003%' then who_id end as salesforce_contact_id,
        case when who_id like '00Q%' then who_id end as salesforce_lead_id,
        case
            when 'call' in (lower(type), lower(task_subtype)) then 'call'
            when 'email' in (lower(type), lower(task_subtype)) then 'email'
            when lower(type) = 'meeting' then 'meeting'
            else 'task'
        end as kind,
        subject,
        status,
        activity_date as due_at,
        completed_at as done_at,
        owner_id,
        account_id,
        case when what_id like '006%' then what_id end as opportunity_id,
        lower(call_type) as direction,
        call_duration_in_seconds as duration_seconds,
        call_disposition as outcome,
        -- A task happens when it is done; until then, when it was set.
        coalesce(completed_at, created_date) as occurred_at,
        coalesce(is_deleted, false) as is_deleted
    from tasks_with_completion
)

{{ cdp_emit('activities', 'activities', [
    'occurred_at', 'kind', 'subject', 'status', 'due_at', 'done_at', 'owner_id',
    'account_id', 'opportunity_id', 'direction', 'duration_seconds', 'outcome',
]) }}
