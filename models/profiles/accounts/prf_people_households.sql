-- One row per profile_id that lives in a household: what its people come to together.
-- What audiences call `households`.

{{ config(materialized='view') }}

with members as (
    select * from {{ ref('idg_household_members') }}
),

households as (
    select * from {{ ref('cdp_households') }}
)

select
    members.profile_id,
    households.household_id,
    households.size,
    households.customers,
    households.orders_lifetime,
    households.orders_last_365_days,
    households.revenue_lifetime,
    households.revenue_last_365_days,
    households.open_tickets,
    households.first_order_at,
    households.last_order_at,
    households.city,
    households.country_code
from members
inner join households on members.household_id = households.household_id
