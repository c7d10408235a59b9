-- One row per coupon mailing of the loyalty programme. Feeds the contract campaigns.

{{ config(
    enabled=cdp_has_source('loyalty'),
    meta={'cdp_contract': 'campaigns'},
) }}

with raw_campaigns as (
    {{ cdp_source('loyalty', 'campaigns') }}
),

loyalty_campaigns as (
    {{ cdp_latest('raw_campaigns', ['campaign_id'], ['end_date']) }}
),

campaigns as (
    select
        _source as source,
        _brand as brand,
        campaign_id as record_id,
        false as is_deleted,
        start_date as updated_at,
        name,
        'mail' as channel,
        campaign_type as subject,
        start_date as started_at,
        end_date as ended_at
    from loyalty_campaigns
)

{{ cdp_emit('campaigns', 'campaigns', [
    'updated_at', 'name', 'channel', 'subject', 'started_at', 'ended_at',
]) }}
