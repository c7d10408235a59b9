-- One row per answer to a survey. Feeds the contract responses.

{{ config(
    enabled=cdp_has_source('survey'),
    meta={
        'cdp_contract': 'responses',
        'cdp_identifiers': ['user_id', 'email'],
    },
) }}

with raw_responses as (
    {{ cdp_source('survey', 'responses') }}
),

survey_responses as (
    {{ cdp_latest('raw_responses', ['response_id'], ['submitted_at']) }}
),

responses as (
    select
        _source as source,
        _brand as brand,
        response_id as record_id,
        false as is_deleted,
        user_id,
        email,
        submitted_at as occurred_at,
        lower(instrument) as instrument,
        score,
        max_score,
        comment as text,
        ticket_id
    from survey_responses
)

{{ cdp_emit('responses', 'responses', [
    'occurred_at', 'instrument', 'score', 'max_score', 'text', 'ticket_id',
]) }}
