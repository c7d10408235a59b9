-- One row per call. Feeds the contract activities.

{{ config(
    enabled=cdp_has_source('callcenter'),
    meta={'cdp_contract': 'activities', 'cdp_identifiers': ['loyalty_id', 'phone']},
) }}

with calls as (
    {{ cdp_source('callcenter', 'calls') }}
),

single_calls as (
    {{ cdp_latest('calls', ['call_id'], ['ended_at', 'started_at', 'disposition']) }}
),

activities as (
    select
        _source as source,
        _brand as brand,
        call_id as record_id,
        loyalty_id,
        caller_phone as phone,
        'call' as kind,
        reason as subject,
        lower(direction) as direction,
        agent as owner_id,
        disposition as outcome,
        ended_at as done_at,
        {{ dbt.datediff('started_at', 'ended_at', 'second') }} as duration_seconds,
        started_at as occurred_at,
        false as is_deleted
    from single_calls
)

{{ cdp_emit('activities', 'activities', [
    'occurred_at', 'kind', 'subject', 'done_at', 'owner_id', 'direction',
    'duration_seconds', 'outcome',
]) }}
