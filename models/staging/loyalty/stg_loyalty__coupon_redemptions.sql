-- One row per coupon redeemed at a till. Feeds the contract events.

{{ config(
    enabled=cdp_has_source('loyalty'),
    meta={
        'cdp_contract': 'events',
        'cdp_identifiers': ['loyalty_id'],
    },
) }}

with raw_redemptions as (
    {{ cdp_source('loyalty', 'coupon_redemptions') }}
),

redemptions as (
    {{ cdp_latest('raw_redemptions', ['redemption_id'], ['redeemed_on']) }}
),

events as (
    select
        _source as source,
        _brand as brand,
        redemption_id as record_id,
        false as is_deleted,
        loyalty_id,
        redeemed_on as occurred_at,
        'coupon_redeemed' as event_name,
        'store' as channel,
        campaign_id,
        {{ cdp_json_object({'coupon_upc': 'coupon_upc'}) }} as properties
    from redemptions
)

{{ cdp_emit('events', 'events', [
    'occurred_at', 'event_name', 'channel', 'campaign_id', 'properties',
]) }}
