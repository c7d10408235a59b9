-- One row per (profile_id, account_id, role): the account as its people have it.
-- What audiences call `accounts`.

{{ config(materialized='view') }}

with members as (
    select * from {{ ref('cdp_account_members') }}
),

accounts as (
    select * from {{ ref('cdp_accounts') }}
)

select
    members.profile_id,
    members.account_id,
    members.role,
    members.linked_by,
    members.is_primary,
    members.since,
    members.last_seen_at,
    accounts.name,
    accounts.domain,
    accounts.is_in_crm,
    accounts.industry,
    accounts.employees,
    accounts.annual_revenue,
    accounts.country_code,
    accounts.people,
    accounts.orders_lifetime,
    accounts.revenue_lifetime,
    accounts.deals_open,
    accounts.deals_won,
    accounts.open_amount_reporting,
    accounts.won_amount_reporting,
    accounts.open_tickets,
    accounts.events_last_30_days,
    accounts.days_since_last_touch,
    accounts.health_score
from members
inner join accounts on members.account_id = accounts.account_id
