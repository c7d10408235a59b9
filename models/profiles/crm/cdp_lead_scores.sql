-- One row per known person: how promising, by the point system of the seed
-- cdp_lead_points, with the reasons; and whose lead it is, by the first rule of the
-- seed cdp_lead_routes that leads to somebody. Who objected to sales is nobody's.

{{ config(schema=none, access='public') }}

with facts as (
    select * from {{ ref('prf_lead_facts') }}
),

routes as (
    select * from {{ cdp_reference('lead_routes') }}
),

reps as (
    select
        rep_id,
        max(rep_email) as rep_email
    from {{ ref('prf_owners') }}
    where is_active
    group by rep_id
),

sellers as (
    select rep_id
    from {{ ref('cdp_sales_reps') }}
    where is_active
),

fitting as (
    select
        facts.profile_id,
        facts.account_rep_id,
        facts.record_rep_id,
        routes.position,
        routes.reason,
        lower(routes.route_to) as route_to
    from facts
    inner join routes
        on
            (
                routes.country_code is null
                or upper(routes.country_code) = facts.country_code
            )
            and (routes.domain is null or lower(routes.domain) = facts.domain)
            and (
                routes.min_employees is null
                or facts.employees >= routes.min_employees
            )
            and (
                routes.max_employees is null
                or facts.employees <= routes.max_employees
            )
            and facts.score >= coalesce(routes.min_score, 0)
    where facts.may_be_routed
),

takers as (
    select
        profile_id,
        position,
        reason,
        case route_to when 'account_owner' then account_rep_id else record_rep_id end
            as rep_id
    from fitting
    where route_to in ('account_owner', 'record_owner')

    union all

    select
        fitting.profile_id,
        fitting.position,
        fitting.reason,
        sellers.rep_id
    from fitting
    cross join sellers
    where fitting.route_to = 'round_robin'

    union all

    select
        fitting.profile_id,
        fitting.position,
        fitting.reason,
        reps.rep_id
    from fitting
    inner join reps
        on position(' ' || reps.rep_email || ' ' in ' ' || fitting.route_to || ' ') > 0
),

-- Each pair has its own hash: when one of several leaves, only her leads move.
ranked as (
    select
        *,
        row_number() over (
            partition by profile_id
            order by position, {{ dbt.hash("profile_id || '|' || rep_id") }}, rep_id
        ) as taker_rank
    from takers
    where rep_id is not null
)

select
    facts.profile_id,
    facts.score,
    facts.points,
    facts.rules_met,
    facts.reasons,
    facts.account_id,
    ranked.rep_id,
    ranked.position as route_position,
    ranked.reason as route_reason
from facts
left join ranked
    on
        facts.profile_id = ranked.profile_id
        and ranked.taker_rank = 1
