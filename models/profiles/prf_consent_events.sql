-- One row per statement of will: consents as the sources tell them, unsubscribing from
-- a message, a browser that sends Global Privacy Control, and what was entered by hand.
-- The second and third are refusals, which hold however they are dated: the clock does
-- not cut them.

with consents as (
    select * from {{ ref('prf_consents') }}
),

entries as (
    select * from {{ ref('prf_consent_entries') }}
),

messages as (
    {{ cdp_profiled('messages', ['occurred_at', 'channel', 'kind'], until_now=false) }}
),

events as (
    {{ cdp_profiled('events', ['occurred_at', 'is_gpc'], until_now=false) }}
),

-- Who leaves a channel leaves all that is sent on it by consent.
purposes_of_channels as (
    select
        purpose,
        concat(' ', replace(channels, '|', ' '), ' ') as channels
    from {{ cdp_reference('purposes') }}
    where legal_basis = 'consent' and channels is not null
),

privacy_signals as (
    select
        profile_id,
        source,
        max({{ cdp_refused_at('occurred_at') }}) as occurred_at
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
        messages.profile_id,
        purposes_of_channels.purpose,
        messages.channel,
        'withdrawn' as status,
        {{ cdp_refused_at('messages.occurred_at') }} as occurred_at,
        messages.source,
        messages.record_id,
        'consent' as legal_basis
    from messages
    inner join purposes_of_channels
        on purposes_of_channels.channels like concat('% ', messages.channel, ' %')
    where messages.kind = 'unsubscribed'

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

    union all

    select
        profile_id,
        purpose,
        channel,
        status,
        occurred_at,
        'cdp' as source,
        record_id,
        cast(null as {{ cdp_type('text') }}) as legal_basis
    from entries
)

select * from statements
