-- One row per advertising campaign. Feeds the contract campaigns.

{{ config(
    enabled=cdp_has_source('facebook_ads'),
    meta={'cdp_contract': 'campaigns', 'cdp_identifiers': []},
) }}

with campaign_versions as (
    {{ cdp_source('facebook_ads', 'campaign_history') }}
),

current_campaigns as (
    {{ cdp_latest('campaign_versions', ['id'], ['updated_time', '_fivetran_synced']) }}
),

campaigns as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        name,
        'ads' as channel,
        lower(status) as status,
        start_time as started_at,
        stop_time as ended_at,
        updated_time as updated_at,
        false as is_deleted
    from current_campaigns
)

{{ cdp_emit('campaigns', 'campaigns', [
    'name', 'channel', 'status', 'started_at', 'ended_at', 'updated_at',
]) }}
