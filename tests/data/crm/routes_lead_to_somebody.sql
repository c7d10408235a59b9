-- Invariant: a route of leads that names addresses names one of an active employee.

with routes as (
    select * from {{ cdp_reference('lead_routes') }}
    where route_to not in ('account_owner', 'record_owner', 'round_robin')
),

owners as (
    select * from {{ ref('prf_owners') }}
    where is_active
)

select
    routes.position,
    routes.route_to
from routes
where not exists (
    select 1
    from owners
    where
        position(
            ' ' || owners.rep_email || ' ' in ' ' || lower(routes.route_to) || ' '
        ) > 0
)
