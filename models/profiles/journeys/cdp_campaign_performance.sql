-- One row per (report_date, channel, campaign): what a campaign cost on a day, who came
-- by it, and the orders that those touches led to. In the reporting currency; where a
-- currency has no rate, what it is part of is null, and the currency is named.

{{ config(schema=none, access='public') }}

with signs as (
    select * from {{ ref('prf_campaign_signs') }}
),

by_currency as (
    select
        report_date,
        channel,
        campaign,
        currency_without_rate,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(case when sign = 'spend' then amount_reporting end) as spend,
        count(case when sign = 'spend' and currency_without_rate is not null then 1 end)
            as spend_without_rate,
        count(case when sign = 'touch' then 1 end) as touches,
        sum(credit) as conversions,
        sum(case when is_order then credit end) as orders,
        sum(case when is_order then credit * amount_reporting end) as revenue,
        count(case when is_order and currency_without_rate is not null then 1 end)
            as orders_without_rate
    from signs
    group by report_date, channel, campaign, currency_without_rate
),

days as (
    select
        report_date,
        channel,
        campaign,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        case when sum(spend_without_rate) = 0 then sum(spend) end as spend,
        sum(touches) as touches,
        coalesce(sum(conversions), 0) as conversions,
        coalesce(sum(orders), 0) as orders,
        case when sum(orders_without_rate) = 0 then coalesce(sum(revenue), 0) end
            as revenue,
        sum(spend_without_rate) + sum(orders_without_rate) as amounts_without_rate,
        {{ dbt.listagg(
            'currency_without_rate', "', '", 'order by currency_without_rate'
        ) }} as currencies_without_rate
    from by_currency
    group by report_date, channel, campaign
),

final as (
    select
        report_date,
        channel,
        campaign,
        cast(impressions as {{ cdp_type('integer') }}) as impressions,
        cast(clicks as {{ cdp_type('integer') }}) as clicks,
        cast(spend as numeric(28, 4)) as spend,
        cast(touches as {{ cdp_type('integer') }}) as touches,
        conversions,
        orders,
        cast(revenue as numeric(28, 4)) as revenue,
        cast(revenue as {{ cdp_type('float') }}) / nullif(spend, 0)
            as return_on_ad_spend,
        cast(spend as {{ cdp_type('float') }}) / nullif(orders, 0)
            as cost_per_acquisition,
        cast(amounts_without_rate as {{ cdp_type('integer') }}) as amounts_without_rate,
        currencies_without_rate
    from days
)

select * from final
