-- One row per track or screen of the app. Feeds the contract events.
-- Products seen have a table of their own, with the id of their row in tracks.

{{ config(
    enabled=cdp_has_source('app'),
    meta={
        'cdp_contract': 'events',
        'cdp_identifiers': ['user_id', 'device_id', 'anonymous_id'],
    },
) }}

with raw_tracks as (
    {{ cdp_source('app', 'tracks') }}
),

raw_screens as (
    {{ cdp_source('app', 'screens') }}
),

raw_product_viewed as (
    {{ cdp_source('app', 'product_viewed') }}
),

tracks as (
    {{ cdp_latest('raw_tracks', ['id'], ['received_at']) }}
),

screens as (
    {{ cdp_latest('raw_screens', ['id'], ['received_at']) }}
),

product_viewed as (
    {{ cdp_latest('raw_product_viewed', ['id'], ['received_at']) }}
),

happenings as (
    select
        tracks._source,
        tracks._brand,
        tracks.id,
        tracks.anonymous_id,
        tracks.user_id,
        tracks.context_device_id,
        tracks.timestamp as occurred_at,
        tracks.received_at,
        tracks.event as event_name,
        tracks.context_campaign_source,
        tracks.context_campaign_medium,
        tracks.context_campaign_name,
        tracks.context_device_type,
        product_viewed.product_id,
        product_viewed.category,
        product_viewed.price,
        product_viewed.currency,
        case when product_viewed.id is not null then {{ cdp_json_object({
            'product_name': 'product_viewed.name', 'price': 'product_viewed.price',
        }) }} end as properties
    from tracks
    left join product_viewed
        on
            tracks._source = product_viewed._source
            and tracks.id = product_viewed.id
    union all
    select
        _source,
        _brand,
        id,
        anonymous_id,
        user_id,
        context_device_id,
        screens.timestamp as occurred_at,
        received_at,
        'screen_viewed' as event_name,
        null as context_campaign_source,
        null as context_campaign_medium,
        null as context_campaign_name,
        context_device_type,
        null as product_id,
        null as category,
        null as price,
        null as currency,
        {{ cdp_json_object({'screen_name': 'name'}) }} as properties
    from screens
),

events as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        false as is_deleted,
        anonymous_id,
        user_id,
        context_device_id as device_id,
        occurred_at,
        received_at,
        event_name,
        'app' as channel,
        context_campaign_source as utm_source,
        context_campaign_medium as utm_medium,
        context_campaign_name as utm_campaign,
        product_id,
        category,
        price as value,
        currency,
        lower(context_device_type) as device_type,
        properties
    from happenings
)

{{ cdp_emit('events', 'events', [
    'occurred_at', 'received_at', 'event_name', 'channel', 'utm_source', 'utm_medium',
    'utm_campaign', 'product_id', 'category', 'value', 'currency', 'device_type',
    'properties',
]) }}
