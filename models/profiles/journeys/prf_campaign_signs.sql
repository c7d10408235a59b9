-- One row per sign of a campaign: a day of its spend, a touch by it, or a touch's
-- credit for a conversion by the model that `cdp_attribution_model` names. Credit
-- counts on the day of the touch, beside what that day cost.

{%- set credit = cdp_attribution_credit() %}

with ad_days as (
    select * from {{ ref('prf_ad_days') }}
),

ad_campaigns as (
    select * from {{ ref('prf_ad_campaigns') }}
),

touches as (
    select * from {{ ref('prf_touches') }}
),

credits as (
    select * from {{ ref('cdp_attribution') }}
    where {{ credit }} > 0
),

signs as (
    select
        'spend' as sign,
        spend_date as report_date,
        channel,
        campaign,
        impressions,
        clicks,
        cast(null as {{ cdp_type('float') }}) as credit,
        false as is_order,
        spend as amount,
        spend_reporting as amount_reporting,
        currency
    from ad_days
    union all
    select
        'touch' as sign,
        {{ cdp_date('touched_at') }} as report_date,
        channel,
        campaign,
        null as impressions,
        null as clicks,
        null as credit,
        false as is_order,
        null as amount,
        null as amount_reporting,
        null as currency
    from touches
    union all
    select
        'credit' as sign,
        {{ cdp_date('touched_at') }} as report_date,
        channel,
        campaign,
        null as impressions,
        null as clicks,
        {{ credit }} as credit,
        contract = 'orders' as is_order,
        amount,
        amount_reporting,
        currency
    from credits
),

-- A link that names an advertised campaign belongs to it, whatever medium it claims.
signs_of_campaigns as (
    select
        signs.sign,
        signs.report_date,
        case
            when signs.sign = 'spend' then signs.channel
            else coalesce(ad_campaigns.channel, signs.channel)
        end as channel,
        coalesce(ad_campaigns.campaign, signs.campaign) as campaign,
        signs.impressions,
        signs.clicks,
        signs.credit,
        signs.is_order,
        signs.amount_reporting,
        case
            when signs.amount is not null and signs.amount_reporting is null
                then upper(signs.currency)
        end as currency_without_rate
    from signs
    left join ad_campaigns on lower(trim(signs.campaign)) = ad_campaigns.campaign_key
)

select * from signs_of_campaigns
