-- One row per profile_id that ever subscribed: its subscriptions as they stand.

with subscriptions as (
    select
        *,
        {{ cdp_date('coalesce(started_at, occurred_at)') }} as started_on
    from {{ ref('prf_subscription_states') }}
),

subscriptions_ranked as (
    select
        *,
        row_number() over (
            partition by profile_id
            order by
                case when is_current then 0 else 1 end,
                coalesce(mrr_reporting, 0) desc,
                occurred_at desc,
                source,
                subscription_id
        ) as position_in_profile
    from subscriptions
),

final as (
    select
        profile_id,
        count(case when is_current then 1 end) as current_subscriptions,
        coalesce(sum(case when is_current then mrr_reporting end), 0) as mrr,
        min(started_at) as first_subscribed_at,
        max(
            case
                when is_current
                    then {{ cdp_days_since('started_on') }}
            end
        ) as subscription_tenure_days,
        count(case when is_in_dunning then 1 end) as subscriptions_in_dunning,
        min(case when is_in_dunning then occurred_at end) as in_dunning_since,
        max(case when position_in_profile = 1 then status end) as subscription_status,
        max(case when position_in_profile = 1 then plan end) as subscription_plan,
        max(case when position_in_profile = 1 then current_period_end end)
            as subscription_renews_at,
        max(case when position_in_profile = 1 then cancel_at end)
            as subscription_cancels_at
    from subscriptions_ranked
    group by profile_id
)

select * from final
