-- One row per (anonymous_id, user_id) whose browser sends Global Privacy Control: an
-- objection to advertising, as of the last time it was seen.
-- Feeds the contract consents.

{{ config(
    enabled=cdp_has_source('web'),
    meta={
        'cdp_contract': 'consents',
        'cdp_identifiers': ['user_id', 'anonymous_id'],
    },
) }}

with tracks as (
    {{ cdp_source('web', 'tracks') }}
),

pages as (
    {{ cdp_source('web', 'pages') }}
),

signals as (
    select
        _source,
        _brand,
        anonymous_id,
        user_id,
        tracks.timestamp as seen_at
    from tracks
    where context_gpc
    union all
    select
        _source,
        _brand,
        anonymous_id,
        user_id,
        pages.timestamp as seen_at
    from pages
    where context_gpc
),

consents as (
    select
        _source as source,
        min(_brand) as brand,
        {{ cdp_id('anonymous_id', 'user_id') }} as record_id,
        false as is_deleted,
        anonymous_id,
        user_id,
        max(seen_at) as occurred_at,
        'advertising' as purpose,
        'any' as channel,
        'denied' as status,
        'consent' as legal_basis,
        'Global Privacy Control' as evidence
    from signals
    group by _source, anonymous_id, user_id
)

{{ cdp_emit('consents', 'consents', [
    'occurred_at', 'purpose', 'channel', 'status', 'legal_basis', 'evidence',
]) }}
