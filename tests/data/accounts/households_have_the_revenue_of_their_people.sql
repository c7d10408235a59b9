-- Invariant: together the households have the revenue and orders of the people who live
-- in one, to the cent.

with expected as (
    select
        coalesce(sum(profiles.revenue_lifetime), 0) as revenue,
        coalesce(sum(profiles.orders_lifetime), 0) as orders
    from {{ ref('cdp_profiles') }} as profiles
    inner join {{ ref('idg_household_members') }} as members
        on profiles.profile_id = members.profile_id
),

found as (
    select
        coalesce(sum(revenue_lifetime), 0) as revenue,
        coalesce(sum(orders_lifetime), 0) as orders
    from {{ ref('cdp_households') }}
)

select
    expected.revenue as revenue_expected,
    found.revenue as revenue_found
from expected
cross join found
where
    abs(expected.revenue - found.revenue) >= 0.01
    or expected.orders <> found.orders
