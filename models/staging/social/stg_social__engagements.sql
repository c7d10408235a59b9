-- One row per like, comment, share, mention or message. Feeds the contract events.

{{ config(
    enabled=cdp_has_source('social'),
    meta={'cdp_contract': 'events', 'cdp_identifiers': ['social_handle', 'email']},
) }}

with engagements as (
    {{ cdp_source('social', 'engagements') }}
),

single_engagements as (
    {{ cdp_latest('engagements', ['engagement_id'], ['engaged_at', 'kind', 'handle']) }}
),

events as (
    select
        _source as source,
        _brand as brand,
        engagement_id as record_id,
        -- The same handle on two platforms may be two people.
        {{ dbt.concat([
            'lower(platform)', "':'", "nullif(lower(ltrim(trim(handle), '@')), '')",
        ]) }} as social_handle,
        email,
        {{ dbt.concat(["'social_'", 'lower(kind)']) }} as event_name,
        'social' as channel,
        lower(platform) as utm_source,
        campaign as utm_campaign,
        post_id as utm_content,
        engaged_at as occurred_at,
        false as is_deleted
    from single_engagements
)

{{ cdp_emit('events', 'events', [
    'occurred_at', 'event_name', 'channel', 'utm_source', 'utm_campaign', 'utm_content',
]) }}
