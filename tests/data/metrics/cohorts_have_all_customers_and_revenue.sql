-- Invariant: the cohorts have every customer once, all of whom order in their first
-- month, and together the revenue and the orders of all profiles, to the cent.

with cohorts as (
    select
        sum(case when months_since = 0 then customers else 0 end) as customers,
        sum(case when months_since = 0 then active_customers else 0 end) as active,
        sum(orders) as orders,
        sum(revenue) as revenue
    from {{ ref('cdp_cohorts') }}
),

profiles as (
    select
        count(case when orders_lifetime > 0 then 1 end) as customers,
        sum(orders_lifetime) as orders,
        sum(revenue_lifetime) as revenue
    from {{ ref('cdp_profiles') }}
)

select
    profiles.customers as customers_expected,
    cohorts.customers as customers_found
from profiles
cross join cohorts
where
    profiles.customers <> coalesce(cohorts.customers, 0)
    or profiles.customers <> coalesce(cohorts.active, 0)
    or coalesce(profiles.orders, 0) <> coalesce(cohorts.orders, 0)
    or abs(coalesce(profiles.revenue, 0) - coalesce(cohorts.revenue, 0)) >= 0.01
