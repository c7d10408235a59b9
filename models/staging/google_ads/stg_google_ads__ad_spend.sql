-- One row per campaign and day. Feeds the contract ad_spend.

{{ config(
    enabled=cdp_has_source('google_ads'),
    meta={'cdp_contract': 'ad_spend', 'cdp_identifiers': []},
) }}

with campaign_stats as (
    {{ cdp_source('google_ads', 'campaign_stats') }}
),

campaign_versions as (
    {{ cdp_source('google_ads', 'campaign_history') }}
),

account_versions as (
    {{ cdp_source('google_ads', 'account_history') }}
),

-- A day of a campaign comes in parts: by network, by device.
single_stats as (
    {{ cdp_latest('campaign_stats', ['_fivetran_id'], ['_fivetran_synced']) }}
),

current_campaigns as (
    {{ cdp_latest('campaign_versions', ['id'], ['updated_at', '_fivetran_synced']) }}
),

current_accounts as (
    {{ cdp_latest('account_versions', ['id'], ['updated_at', '_fivetran_synced']) }}
),

campaign_days as (
    select
        _source,
        max(_brand) as _brand,
        customer_id,
        id as campaign_id,
        single_stats.date as spend_date,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(cost_micros) / 1000000.0 as spend,
        sum(conversions) as conversions
    from single_stats
    group by _source, customer_id, id, single_stats.date
),

ad_spend as (
    select
        campaign_days._source as source,
        campaign_days._brand as brand,
        {{ dbt.concat([
            'campaign_days.campaign_id', "'|'",
            'cast(campaign_days.spend_date as ' ~ cdp_type('text') ~ ')',
        ]) }} as record_id,
        campaign_days.spend_date,
        'google_ads' as platform,
        campaign_days.campaign_id,
        current_campaigns.name as campaign_name,
        campaign_days.impressions,
        campaign_days.clicks,
        campaign_days.spend,
        current_accounts.currency_code as currency,
        campaign_days.conversions,
        campaign_days.spend_date as occurred_at,
        false as is_deleted
    from campaign_days
    left join current_campaigns
        on
            campaign_days._source = current_campaigns._source
            and campaign_days.campaign_id = current_campaigns.id
    left join current_accounts
        on
            campaign_days._source = current_accounts._source
            and campaign_days.customer_id = current_accounts.id
)

{{ cdp_emit('ad_spend', 'ad_spend', [
    'occurred_at', 'spend_date', 'platform', 'campaign_id', 'campaign_name',
    'impressions', 'clicks', 'spend', 'currency', 'conversions',
]) }}
