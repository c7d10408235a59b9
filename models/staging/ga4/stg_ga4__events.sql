-- One row per event of the GA4 export. Feeds the contract events.
-- The export has no event id: visitor, moment, name and parameters stand for one.

{{ config(
    enabled=cdp_has_source('ga4'),
    meta={
        'cdp_contract': 'events',
        'cdp_identifiers': ['user_id', 'ga_client_id'],
    },
) }}

with exported as (
    {{ cdp_source('ga4', 'events') }}
),

identified as (
    select
        *,
        {{ dbt.hash(cdp_id(
            'stream_id', 'user_pseudo_id', 'user_id', 'event_timestamp', 'event_name',
            'event_params'
        )) }} as event_id
    from exported
),

ga4_events as (
    {{ cdp_latest('identified', ['event_id'], []) }}
),

read_params as (
    select
        *,
        {{ cdp_ga4_param('event_params', 'page_location') }} as page_location,
        {{ cdp_ga4_param('event_params', 'page_referrer') }} as page_referrer,
        {{ cdp_ga4_param('event_params', 'ga_session_id') }} as ga_session_id,
        {{ cdp_ga4_param('event_params', 'transaction_id') }} as transaction_id,
        {{ cdp_ga4_param('event_params', 'value') }} as param_value,
        {{ cdp_ga4_param('event_params', 'currency') }} as currency
    from ga4_events
),

events as (
    select
        _source as source,
        _brand as brand,
        event_id as record_id,
        false as is_deleted,
        user_id,
        user_pseudo_id as ga_client_id,
        {{ cdp_from_microseconds('event_timestamp') }} as occurred_at,
        event_name,
        case when upper(platform) in ('IOS', 'ANDROID') then 'app' else 'web' end
            as channel,
        case
            when
                ga_session_id is not null
                then {{ cdp_id('user_pseudo_id', 'ga_session_id') }}
        end as session_id,
        page_location as url,
        page_referrer as referrer,
        nullif({{ cdp_json_value('traffic_source', 'source') }}, '(direct)')
            as utm_source,
        nullif({{ cdp_json_value('traffic_source', 'medium') }}, '(none)')
            as utm_medium,
        {{ cdp_json_value('traffic_source', 'name') }} as utm_campaign,
        {{ cdp_click_id('page_location') }} as click_id,
        {{ cdp_click_id_type('page_location') }} as click_id_type,
        transaction_id as order_id,
        {{ cdp_safe_cast('param_value', 'text', 'numeric') }} as value,
        currency,
        lower({{ cdp_json_value('device', 'category') }}) as device_type
    from read_params
)

{{ cdp_emit('events', 'events', [
    'occurred_at', 'event_name', 'channel', 'session_id', 'url', 'referrer',
    'utm_source', 'utm_medium', 'utm_campaign', 'click_id', 'click_id_type', 'order_id',
    'value', 'currency', 'device_type',
]) }}
