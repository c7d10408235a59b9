-- Invariant: campaigns cost what the platforms say, and have the credit of every order
-- on the timeline, once.

with performance as (
    select
        coalesce(sum(spend), 0) as spend,
        coalesce(sum(orders), 0) as orders
    from {{ ref('cdp_campaign_performance') }}
    where amounts_without_rate = 0
),

-- Days with an amount without a rate are null, on purpose.
incomplete as (
    select coalesce(sum(orders), 0) as orders
    from {{ ref('cdp_campaign_performance') }}
    where amounts_without_rate > 0
),

ad_spend as (
    select coalesce(sum(spend_reporting), 0) as spend
    from {{ ref('inp_ad_spend') }}
    where
        is_deleted is not true
        and spend_date <= {{ cdp_date(cdp_now()) }}
),

conversions as (
    select count(*) as orders
    from {{ ref('cdp_conversions') }}
    where contract = 'orders'
)

select
    ad_spend.spend as spend_expected,
    performance.spend as spend_found,
    conversions.orders as orders_expected,
    performance.orders + incomplete.orders as orders_found
from performance
cross join incomplete
cross join ad_spend
cross join conversions
where
    abs(conversions.orders - performance.orders - incomplete.orders) > 0.000001
    or (incomplete.orders = 0 and abs(ad_spend.spend - performance.spend) >= 0.01)
