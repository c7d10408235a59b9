-- One row per calendar event of the CRM. Feeds the contract activities.

{{ config(
    enabled=cdp_has_source('salesforce'),
    meta={
        'cdp_contract': 'activities',
        'cdp_identifiers': ['salesforce_contact_id', 'salesforce_lead_id'],
    },
) }}

with events as (
    {{ cdp_source('salesforce', 'event') }}
),

current_events as (
    {{ cdp_latest('events', ['id'], [
        '_fivetran_active', 'last_modified_date', '_fivetran_synced',
    ]) }}
),

events_with_times as (
    select
        *,
        coalesce(start_date_time, activity_date_time, created_date) as starts_at,
        coalesce(end_date_time, start_date_time, activity_date_time) as ends_at
    from current_events
),

activities as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        case when who_id like '003%' then who_id end as salesforce_contact_id,
        case when who_id like '00Q%' then who_id end as salesforce_lead_id,
        case when lower(type) = 'call' then 'call' else 'meeting' end as kind,
        subject,
        starts_at as due_at,
        -- What lies ahead in the calendar is not done yet.
        case when ends_at <= {{ cdp_now() }} then ends_at end as done_at,
        owner_id,
        account_id,
        case when what_id like '006%' then what_id end as opportunity_id,
        duration_in_minutes * 60 as duration_seconds,
        starts_at as occurred_at,
        coalesce(is_deleted, false) as is_deleted
    from events_with_times
)

{{ cdp_emit('activities', 'activities', [
    'occurred_at', 'kind', 'subject', 'due_at', 'done_at', 'owner_id', 'account_id',
    'opportunity_id', 'duration_seconds',
]) }}
