-- One row per support ticket. Feeds the contract tickets.

{{ config(
    enabled=cdp_has_source('zendesk'),
    meta={'cdp_contract': 'tickets', 'cdp_identifiers': ['zendesk_user_id']},
) }}

with tickets as (
    {{ cdp_source('zendesk', 'ticket') }}
),

comments as (
    {{ cdp_source('zendesk', 'ticket_comment') }}
),

field_changes as (
    {{ cdp_source('zendesk', 'ticket_field_history') }}
),

users as (
    {{ cdp_source('zendesk', 'user') }}
),

current_tickets as (
    {{ cdp_latest('tickets', ['id'], ['updated_at', '_fivetran_synced']) }}
),

end_users as (
    select distinct
        _source,
        id
    from users
    where role = 'end-user'
),

-- The ticket's own text is a comment too, written as it was opened.
first_responses as (
    select
        comments._source,
        comments.ticket_id,
        min(comments.created) as first_response_at
    from comments
    inner join current_tickets
        on
            comments._source = current_tickets._source
            and comments.ticket_id = current_tickets.id
    left join end_users
        on
            comments._source = end_users._source
            and comments.user_id = end_users.id
    where
        comments.public
        and comments.user_id <> current_tickets.requester_id
        and end_users.id is null
        and comments.created > current_tickets.created_at
    group by comments._source, comments.ticket_id
),

status_changes as (
    select
        _source,
        ticket_id,
        updated,
        value as status,
        value in ('solved', 'closed') as is_done,
        coalesce(
            lag(value) over (
                partition by _source, ticket_id order by updated, value
            ) in ('solved', 'closed'),
            false
        ) as was_done
    from field_changes
    where field_name = 'status'
),

resolutions as (
    select
        _source,
        ticket_id,
        max(case when is_done and not was_done then updated end) as solved_at,
        sum(
            case when was_done and not is_done and status <> 'deleted' then 1 else 0 end
        ) as reopened_count
    from status_changes
    group by _source, ticket_id
),

rating_changes as (
    select * from field_changes
    where field_name = 'satisfaction_score'
),

ratings as (
    {{ cdp_latest('rating_changes', ['ticket_id'], ['updated']) }}
),

supported_tickets as (
    select
        current_tickets._source as source,
        current_tickets._brand as brand,
        current_tickets.id as record_id,
        current_tickets.requester_id as zendesk_user_id,
        current_tickets.created_at as opened_at,
        first_responses.first_response_at,
        case
            when current_tickets.status in ('solved', 'closed')
                then resolutions.solved_at
        end as solved_at,
        coalesce(resolutions.reopened_count, 0) as reopened_count,
        current_tickets.status,
        current_tickets.priority,
        current_tickets.via_channel as channel,
        current_tickets.subject,
        current_tickets.type as category,
        current_tickets.assignee_id,
        current_tickets.organization_id as account_id,
        ratings.value as satisfaction,
        coalesce(current_tickets.updated_at, current_tickets.created_at) as updated_at,
        current_tickets.status = 'deleted' as is_deleted
    from current_tickets
    left join first_responses
        on
            current_tickets._source = first_responses._source
            and current_tickets.id = first_responses.ticket_id
    left join resolutions
        on
            current_tickets._source = resolutions._source
            and current_tickets.id = resolutions.ticket_id
    left join ratings
        on
            current_tickets._source = ratings._source
            and current_tickets.id = ratings.ticket_id
)

{{ cdp_emit('tickets', 'supported_tickets', [
    'updated_at', 'opened_at', 'first_response_at', 'solved_at', 'reopened_count',
    'status', 'priority', 'channel', 'subject', 'category', 'assignee_id', 'account_id',
    'satisfaction',
]) }}
