-- One row per campaign and day. Feeds the contract ad_spend. The spend of an ad that
-- the connector does not know stands under no campaign.

{{ config(
    enabled=cdp_has_source('facebook_ads'),
    meta={'cdp_contract': 'ad_spend', 'cdp_identifiers': []},
) }}

with ad_days as (
    {{ cdp_source('facebook_ads', 'basic_ad') }}
),

ad_versions as (
    {{ cdp_source('facebook_ads', 'ad_history') }}
),

campaign_versions as (
    {{ cdp_source('facebook_ads', 'campaign_history') }}
),

account_versions as (
    {{ cdp_source('facebook_ads', 'account_history') }}
),

single_ad_days as (
    {{ cdp_latest('ad_days', ['account_id', 'ad_id', 'date'], [
        '_fivetran_synced', 'spend', 'impressions', 'inline_link_clicks',
    ]) }}
),

current_ads as (
    {{ cdp_latest('ad_versions', ['id'], ['updated_time', '_fivetran_synced']) }}
),

current_campaigns as (
    {{ cdp_latest('campaign_versions', ['id'], ['updated_time', '_fivetran_synced']) }}
),

current_accounts as (
    {{ cdp_latest('account_versions', ['id'], ['_fivetran_synced', 'currency']) }}
),

campaign_days as (
    select
        single_ad_days._source,
        max(single_ad_days._brand) as _brand,
        single_ad_days.account_id,
        current_ads.campaign_id,
        single_ad_days.date as spend_date,
        sum(single_ad_days.impressions) as impressions,
        sum(single_ad_days.inline_link_clicks) as clicks,
        sum(single_ad_days.spend) as spend
    from single_ad_days
    left join current_ads
        on
            single_ad_days._source = current_ads._source
            and single_ad_days.ad_id = current_ads.id
    group by
        single_ad_days._source, single_ad_days.account_id, current_ads.campaign_id,
        single_ad_days.date
),

ad_spend as (
    select
        campaign_days._source as source,
        campaign_days._brand as brand,
        {{ dbt.concat([
            'campaign_days.account_id', "'|'",
            "coalesce(campaign_days.campaign_id, '')", "'|'",
            'cast(campaign_days.spend_date as ' ~ cdp_type('text') ~ ')',
        ]) }} as record_id,
        campaign_days.spend_date,
        'facebook_ads' as platform,
        campaign_days.campaign_id,
        current_campaigns.name as campaign_name,
        campaign_days.impressions,
        campaign_days.clicks,
        campaign_days.spend,
        current_accounts.currency,
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
            and campaign_days.account_id = current_accounts.id
)

{{ cdp_emit('ad_spend', 'ad_spend', [
    'occurred_at', 'spend_date', 'platform', 'campaign_id', 'campaign_name',
    'impressions', 'clicks', 'spend', 'currency',
]) }}
