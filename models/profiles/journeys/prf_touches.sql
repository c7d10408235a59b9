-- One row per touch: a person who came by a campaign, an advertisement, a search or a
-- message, or who clicked in one. What trackers and senders tell of one visit by one
-- channel, with pauses of at most 30 minutes, is one touch.

with identity_map as (
    select * from {{ cdp_of_profiles(ref('cdp_identity_map')) }}
),

marketing_channels as (
    select * from {{ cdp_reference('marketing_channels') }}
),

campaigns as (
    select * from {{ ref('inp_campaigns') }}
),

clicks as (
    select * from {{ cdp_of_profiles(ref('prf_messages')) }}
    where kind = 'clicked' and not coalesce(is_machine, false)
),

arrivals as (
    select
        source,
        identity_key,
        record_id,
        occurred_at,
        channel,
        campaign_id,
        utm_campaign,
        coalesce(lower(utm_medium), click_id_type) as term
    from {{ cdp_of_identities(ref('prf_arrivals')) }}
),

arrivals_of_profiles as (
    select
        identity_map.profile_id,
        arrivals.occurred_at,
        coalesce(
            marketing_channels.marketing_channel, campaigns.channel, arrivals.channel,
            'other'
        ) as channel,
        coalesce(arrivals.utm_campaign, campaigns.name, arrivals.campaign_id)
            as campaign,
        arrivals.source,
        arrivals.record_id
    from arrivals
    inner join identity_map
        on
            arrivals.source = identity_map.source
            and arrivals.identity_key = identity_map.record_id
    left join marketing_channels on arrivals.term = marketing_channels.term
    left join campaigns
        on
            arrivals.source = campaigns.source
            and arrivals.campaign_id = campaigns.record_id
),

signs as (
    select * from arrivals_of_profiles
    union all
    select
        profile_id,
        occurred_at,
        coalesce(channel, 'other') as channel,
        coalesce(campaign_name, campaign_id) as campaign,
        source,
        record_id
    from clicks
),

marked as (
    select
        *,
        case
            when
                lag(occurred_at) over (
                    partition by profile_id, channel
                    order by occurred_at, source, record_id
                ) >= {{ dbt.dateadd('minute', -30, 'occurred_at') }}
                then 0
            else 1
        end as begins_touch
    from signs
),

numbered as (
    select
        *,
        sum(begins_touch) over (
            partition by profile_id, channel
            order by occurred_at, source, record_id
            rows between unbounded preceding and current row
        ) as touch_number
    from marked
),

ranked as (
    select
        *,
        min(occurred_at) over (
            partition by profile_id, channel, touch_number
        ) as touched_at,
        row_number() over (
            partition by profile_id, channel, touch_number
            order by
                case when campaign is null then 1 else 0 end,
                occurred_at,
                source,
                record_id
        ) as position
    from numbered
),

touches as (
    select
        profile_id,
        touched_at,
        channel,
        campaign,
        source,
        record_id
    from ranked
    where position = 1
)

select * from touches
