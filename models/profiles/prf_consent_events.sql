-- One row per statement of will: consents as the sources tell them, unsubscribing from
-- a message, and a browser that sends Global Privacy Control.

with consents as (
    select * from {{ ref('prf_consents') }}
),

messages as (
    select * from {{ ref('prf_messages') }}
),

events as (
    select * from {{ ref('prf_events') }}
),

privacy_signals as (
    select
        profile_id,
        source,
        max(occurred_at) as occurred_at
    from events
    where is_gpc
    group by profile_id, source
),

statements as (
    select
        profile_id,
        purpose,
        coalesce(channel, 'any') as channel,
        lower(status) as status,
        occurred_at,
        source,
        record_id,
        legal_basis
    from consents
    where purpose is not null and status is not null

    union all

    select
        profile_id,
        concat('marketing_', channel) as purpose,
        channel,
        'withdrawn' as status,
        occurred_at,
        source,
        record_id,
        'consent' as legal_basis
    from messages
    where kind = 'unsubscribed' and channel is not null

    union all

    select
        profile_id,
        'advertising' as purpose,
        'any' as channel,
        'denied' as status,
        occurred_at,
        source,
        concat('gpc_', profile_id) as record_id,
        'opt_out' as legal_basis
    from privacy_signals
)

select * from statements
