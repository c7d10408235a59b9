-- One row per account_id: what its people, deals and tickets come to. A person counts
-- for her primary account alone, a deal and a ticket for the account that they are of.

with company_emails as (
    select * from {{ ref('prf_company_emails') }}
),

account_records as (
    select * from {{ ref('prf_account_records') }}
),

members as (
    select * from {{ ref('cdp_account_members') }}
),

order_days as (
    select * from {{ ref('prf_order_days') }}
),

event_days as (
    select
        *,
        {{ cdp_days_since('event_date') }} as days_ago
    from {{ ref('prf_event_days') }}
),

activities as (
    select * from {{ ref('prf_activities') }}
),

pipeline as (
    select * from {{ ref('cdp_pipeline') }}
),

tickets as (
    select * from {{ ref('cdp_tickets') }}
),

accounts as (
    select account_id from account_records

    union

    select {{ dbt.hash("'domain:' || domain") }} as account_id
    from company_emails
),

people_of_accounts as (
    select
        account_id,
        count(distinct profile_id) as people,
        count(distinct case when is_primary then profile_id end) as primary_people
    from members
    group by account_id
),

orders_of_accounts as (
    select
        members.account_id,
        sum(order_days.orders) as orders_lifetime,
        sum(order_days.revenue) as revenue_lifetime,
        cast(max(order_days.order_date) as {{ cdp_type('timestamp') }}) as last_at
    from members
    inner join order_days on members.profile_id = order_days.profile_id
    where members.is_primary
    group by members.account_id
),

usage_of_accounts as (
    select
        members.account_id,
        sum(case when event_days.days_ago < 30 then event_days.events end)
            as events_last_30_days,
        sum(case when event_days.days_ago < 90 then event_days.events end)
            as events_last_90_days,
        max(event_days.last_event_at) as last_at
    from members
    inner join event_days on members.profile_id = event_days.profile_id
    where members.is_primary
    group by members.account_id
),

activities_of_accounts as (
    select
        members.account_id,
        max(activities.occurred_at) as last_at
    from members
    inner join activities on members.profile_id = activities.profile_id
    where members.is_primary
    group by members.account_id
),

deals_of_accounts as (
    select
        account_id,
        {{ cdp_deal_figures() }},
        count(case when is_stuck then 1 end) as deals_stuck,
        max(stage_entered_at) as last_at
    from pipeline
    where account_id is not null
    group by account_id
),

tickets_of_accounts as (
    select
        account_id,
        count(*) as tickets_lifetime,
        count(case when is_open then 1 end) as open_tickets,
        count(case when is_open and priority in ('high', 'urgent') then 1 end)
            as open_urgent_tickets,
        count(case when satisfaction = 'bad' then 1 end) as tickets_rated_bad,
        max(opened_at) as last_at
    from tickets
    where account_id is not null
    group by account_id
),

figures as (
    select
        accounts.account_id,
        {%- for name, table in {
            'people': 'people_of_accounts', 'primary_people': 'people_of_accounts',
            'orders_lifetime': 'orders_of_accounts',
            'events_last_30_days': 'usage_of_accounts',
            'events_last_90_days': 'usage_of_accounts',
            'deals': 'deals_of_accounts', 'deals_open': 'deals_of_accounts',
            'deals_won': 'deals_of_accounts', 'deals_lost': 'deals_of_accounts',
            'deals_stuck': 'deals_of_accounts',
            'deals_with_amount_problem': 'deals_of_accounts',
            'tickets_lifetime': 'tickets_of_accounts',
            'open_tickets': 'tickets_of_accounts',
            'open_urgent_tickets': 'tickets_of_accounts',
            'tickets_rated_bad': 'tickets_of_accounts',
        }.items() %}
        cast(coalesce({{ table }}.{{ name }}, 0) as {{ cdp_type('integer') }})
            as {{ name }},
        {%- endfor %}
        coalesce(orders_of_accounts.revenue_lifetime, 0) as revenue_lifetime,
        coalesce(deals_of_accounts.open_amount_reporting, 0) as open_amount_reporting,
        coalesce(deals_of_accounts.won_amount_reporting, 0) as won_amount_reporting,
        greatest(
            orders_of_accounts.last_at, usage_of_accounts.last_at,
            activities_of_accounts.last_at, deals_of_accounts.last_at,
            tickets_of_accounts.last_at
        ) as last_touch_at
    from accounts
    left join people_of_accounts
        on accounts.account_id = people_of_accounts.account_id
    left join orders_of_accounts
        on accounts.account_id = orders_of_accounts.account_id
    left join usage_of_accounts
        on accounts.account_id = usage_of_accounts.account_id
    left join activities_of_accounts
        on accounts.account_id = activities_of_accounts.account_id
    left join deals_of_accounts
        on accounts.account_id = deals_of_accounts.account_id
    left join tickets_of_accounts
        on accounts.account_id = tickets_of_accounts.account_id
)

select
    *,
    {{ cdp_days_since(cdp_date('last_touch_at')) }} as days_since_last_touch
from figures
