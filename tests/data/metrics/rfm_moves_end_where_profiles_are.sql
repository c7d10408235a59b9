-- Invariant: today's moves end where the profiles are, and those of 90 days ago end
-- where today's begin.

with moves as (
    select
        *,
        {{ cdp_days_since('to_date') }} as days_ago
    from {{ ref('cdp_rfm_migration') }}
),

profiles as (
    select
        rfm_segment,
        count(*) as customers
    from {{ ref('cdp_profiles') }}
    where rfm_segment is not null
    group by rfm_segment
),

ended_today as (
    select
        to_segment,
        sum(customers) as customers
    from moves
    where days_ago = 0
    group by to_segment
),

began_today as (
    select
        from_segment,
        sum(customers) as customers
    from moves
    where days_ago = 0 and from_segment <> 'none'
    group by from_segment
),

ended_before as (
    select
        to_segment,
        sum(customers) as customers
    from moves
    where days_ago = 90
    group by to_segment
)

select coalesce(profiles.rfm_segment, ended_today.to_segment) as segment
from profiles
full outer join ended_today on profiles.rfm_segment = ended_today.to_segment
where profiles.customers is distinct from ended_today.customers

union all

select coalesce(began_today.from_segment, ended_before.to_segment) as segment
from began_today
full outer join ended_before on began_today.from_segment = ended_before.to_segment
where began_today.customers is distinct from ended_before.customers
