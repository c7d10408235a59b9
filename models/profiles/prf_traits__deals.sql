-- One row per profile_id that is part of a deal or that sales spoke to.

with changes as (
    select * from {{ ref('prf_opportunities') }}
),

activities as (
    select * from {{ ref('prf_activities') }}
),

changes_ranked as (
    select
        *,
        row_number() over (
            partition by profile_id, source, opportunity_id
            order by occurred_at desc, record_id desc
        ) as position
    from changes
),

deals as (
    select
        *,
        row_number() over (
            partition by profile_id
            order by
                case when coalesce(is_closed, false) then 1 else 0 end,
                occurred_at desc,
                source,
                opportunity_id
        ) as deal_position
    from changes_ranked
    where position = 1
),

deals_of_each as (
    select
        profile_id,
        count(*) as deals_lifetime,
        count(case when not coalesce(is_closed, false) then 1 end) as open_deals,
        count(case when is_won then 1 end) as deals_won,
        max(case when deal_position = 1 then stage end) as last_deal_stage,
        max(case when deal_position = 1 then occurred_at end) as last_deal_change_at,
        max(case when deal_position = 1 then owner_id end) as deal_owner_id
    from deals
    group by profile_id
),

activities_of_each as (
    select
        profile_id,
        count(*) as sales_activities_lifetime,
        max(occurred_at) as last_sales_activity_at
    from activities
    group by profile_id
),

people as (
    select profile_id from deals_of_each

    union

    select profile_id from activities_of_each
),

final as (
    select
        people.profile_id,
        coalesce(deals_of_each.deals_lifetime, 0) as deals_lifetime,
        coalesce(deals_of_each.open_deals, 0) as open_deals,
        coalesce(deals_of_each.deals_won, 0) as deals_won,
        deals_of_each.last_deal_stage,
        deals_of_each.last_deal_change_at,
        deals_of_each.deal_owner_id,
        coalesce(activities_of_each.sales_activities_lifetime, 0)
            as sales_activities_lifetime,
        activities_of_each.last_sales_activity_at
    from people
    left join deals_of_each on people.profile_id = deals_of_each.profile_id
    left join activities_of_each on people.profile_id = activities_of_each.profile_id
)

select * from final
