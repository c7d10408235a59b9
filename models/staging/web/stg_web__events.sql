-- One row per track or page view of the web shop. Feeds the contract events.
-- The commerce events have a table each, with the id of their row in tracks.

{{ config(
    enabled=cdp_has_source('web'),
    meta={
        'cdp_contract': 'events',
        'cdp_identifiers': ['user_id', 'anonymous_id'],
    },
) }}

with raw_tracks as (
    {{ cdp_source('web', 'tracks') }}
),

raw_pages as (
    {{ cdp_source('web', 'pages') }}
),

raw_product_viewed as (
    {{ cdp_source('web', 'product_viewed') }}
),

raw_product_added as (
    {{ cdp_source('web', 'product_added') }}
),

raw_order_completed as (
    {{ cdp_source('web', 'order_completed') }}
),

tracks as (
    {{ cdp_latest('raw_tracks', ['id'], ['received_at']) }}
),

pages as (
    {{ cdp_latest('raw_pages', ['id'], ['received_at']) }}
),

product_viewed as (
    {{ cdp_latest('raw_product_viewed', ['id'], ['received_at']) }}
),

product_added as (
    {{ cdp_latest('raw_product_added', ['id'], ['received_at']) }}
),

order_completed as (
    {{ cdp_latest('raw_order_completed', ['id'], ['received_at']) }}
),

commerce as (
    select
        _source,
        id,
        product_id,
        category,
        cast(null as {{ cdp_type('text') }}) as order_id,
        price as value,
        currency,
        {{ cdp_json_object({'product_name': 'name', 'price': 'price'}) }} as properties
    from product_viewed
    union all
    select
        _source,
        id,
        product_id,
        category,
        cast(null as {{ cdp_type('text') }}) as order_id,
        price * coalesce(quantity, 1) as value,
        currency,
        {{ cdp_json_object({
            'product_name': 'name', 'price': 'price', 'quantity': 'quantity',
            'cart_id': 'cart_id',
        }) }} as properties
    from product_added
    union all
    select
        _source,
        id,
        cast(null as {{ cdp_type('text') }}) as product_id,
        cast(null as {{ cdp_type('text') }}) as category,
        order_id,
        total as value,
        currency,
        {{ cdp_json_object({'coupon': 'coupon'}) }} as properties
    from order_completed
),

happenings as (
    select
        tracks._source,
        tracks._brand,
        tracks.id,
        tracks.anonymous_id,
        tracks.user_id,
        tracks.timestamp as occurred_at,
        tracks.received_at,
        tracks.event as event_name,
        tracks.context_page_url as url,
        tracks.context_page_referrer as referrer,
        tracks.context_campaign_source,
        tracks.context_campaign_medium,
        tracks.context_campaign_name,
        tracks.context_campaign_content,
        tracks.context_campaign_term,
        tracks.context_user_agent,
        tracks.context_gpc,
        commerce.product_id,
        commerce.category,
        commerce.order_id,
        commerce.value,
        commerce.currency,
        commerce.properties
    from tracks
    left join commerce
        on
            tracks._source = commerce._source
            and tracks.id = commerce.id
    union all
    select
        _source,
        _brand,
        id,
        anonymous_id,
        user_id,
        pages.timestamp as occurred_at,
        received_at,
        'page_viewed' as event_name,
        url,
        referrer,
        context_campaign_source,
        context_campaign_medium,
        context_campaign_name,
        context_campaign_content,
        context_campaign_term,
        context_user_agent,
        context_gpc,
        null as product_id,
        null as category,
        null as order_id,
        null as value,
        null as currency,
        null as properties
    from pages
),

events as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        false as is_deleted,
        anonymous_id,
        user_id,
        occurred_at,
        received_at,
        event_name,
        'web' as channel,
        url,
        referrer,
        context_campaign_source as utm_source,
        context_campaign_medium as utm_medium,
        context_campaign_name as utm_campaign,
        context_campaign_content as utm_content,
        context_campaign_term as utm_term,
        {{ cdp_click_id('url') }} as click_id,
        {{ cdp_click_id_type('url') }} as click_id_type,
        product_id,
        category,
        order_id,
        value,
        currency,
        {{ cdp_device_type('context_user_agent') }} as device_type,
        context_gpc as is_gpc,
        properties
    from happenings
)

{{ cdp_emit('events', 'events', [
    'occurred_at', 'received_at', 'event_name', 'channel', 'url', 'referrer',
    'utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term', 'click_id',
    'click_id_type', 'product_id', 'category', 'order_id', 'value', 'currency',
    'device_type', 'is_gpc', 'properties',
]) }}
