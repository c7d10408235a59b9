-- One row per (source, record_id): a day of an advertised campaign, with the marketing
-- channel that its platform stands for.

with ad_spend as (
    select * from {{ ref('inp_ad_spend') }}
    where
        not coalesce(is_deleted, false)
        and spend_date <= {{ cdp_today() }}
),

marketing_channels as (
    select * from {{ cdp_reference('marketing_channels') }}
),

ad_days as (
    select
        ad_spend.source,
        ad_spend.record_id,
        ad_spend.spend_date,
        coalesce(
            marketing_channels.marketing_channel, lower(ad_spend.platform), 'other'
        ) as channel,
        ad_spend.campaign_id,
        coalesce(ad_spend.campaign_name, ad_spend.campaign_id) as campaign,
        ad_spend.impressions,
        ad_spend.clicks,
        ad_spend.spend,
        ad_spend.spend_reporting,
        ad_spend.currency
    from ad_spend
    left join marketing_channels on lower(ad_spend.platform) = marketing_channels.term
)

select * from ad_days
