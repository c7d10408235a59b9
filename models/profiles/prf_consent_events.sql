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

inp_messages as (
    select * from {{ ref('inp_messages') }}
    where kind = 'unsubscribed' and not coalesce(is_deleted, false)
),

unlinked_holders as (
    select * from {{ ref('prf_unlinked_holders') }}
),

-- Under an address that links nobody: for all who have it.
unsubscribed as (
    select
        profile_id,
        source,
        record_id,
        channel,
        occurred_at
    from messages
    where kind = 'unsubscribed'
    union all
    select
        unlinked_holders.profile_id,
        inp_messages.source,
        inp_messages.record_id,
        inp_messages.channel,
        inp_messages.occurred_at
    from inp_messages
    inner join unlinked_holders
        on
            inp_messages.source = unlinked_holders.source
            and inp_messages.identity_key = unlinked_holders.record_id
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
        unsubscribed.profile_id,
        purposes_of_channels.purpose,
        unsubscribed.channel,
        'withdrawn' as status,
        {{ cdp_refused_at('unsubscribed.occurred_at') }} as occurred_at,
        unsubscribed.source,
        unsubscribed.record_id,
        'consent' as legal_basis
    from unsubscribed
    inner join purposes_of_channels
        on purposes_of_channels.channels like concat('% ', unsubscribed.channel, ' %')

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
