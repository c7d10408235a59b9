-- One row per campaign_key: a name by which links may speak of an advertised campaign,
-- its own or its id. Of campaigns of one name the one that spent last has it.

with ad_days as (
    select * from {{ ref('prf_ad_days') }}
),

names as (
    select
        lower(trim(campaign)) as campaign_key,
        channel,
        campaign,
        spend_date
    from ad_days
    union all
    select
        lower(trim(campaign_id)) as campaign_key,
        channel,
        campaign,
        spend_date
    from ad_days
),

ranked as (
    select
        campaign_key,
        channel,
        campaign,
        row_number() over (
            partition by campaign_key
            order by spend_date desc, channel, campaign
        ) as position
    from names
    where campaign_key is not null
),

ad_campaigns as (
    select
        campaign_key,
        channel,
        campaign
    from ranked
    where position = 1
)

select * from ad_campaigns
