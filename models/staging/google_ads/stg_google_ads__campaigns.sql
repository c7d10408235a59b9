-- One row per advertising campaign. Feeds the contract campaigns.

{{ config(
    enabled=cdp_has_source('google_ads'),
    meta={'cdp_contract': 'campaigns', 'cdp_identifiers': []},
) }}

with campaign_versions as (
    {{ cdp_source('google_ads', 'campaign_history') }}
),

current_campaigns as (
    {{ cdp_latest('campaign_versions', ['id'], ['updated_at', '_fivetran_synced']) }}
),

campaigns as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        name,
        'ads' as channel,
        lower(status) as status,
        start_date as started_at,
        end_date as ended_at,
        updated_at,
        false as is_deleted
    from current_campaigns
)

{{ cdp_emit('campaigns', 'campaigns', [
    'name', 'channel', 'status', 'started_at', 'ended_at', 'updated_at',
]) }}
