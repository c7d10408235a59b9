-- One row per account: a company, by the CRMs' records of it and by the domain of its
-- people's addresses, with what its people, deals and tickets come to. Its health is 50
-- and the points of the seed cdp_health_points, from 0 to 100.

{{ config(schema=none, access='public') }}

with figures as (
    select * from {{ ref('prf_account_figures') }}
),

companies as (
    select * from {{ ref('prf_companies') }}
),

account_records as (
    select * from {{ ref('prf_account_records') }}
),

company_emails as (
    select * from {{ ref('prf_company_emails') }}
),

owners as (
    select * from {{ ref('prf_owners') }}
),

health as (
    select * from {{ ref('prf_account_health') }}
),

records as (
    select
        companies.*,
        account_records.account_id,
        account_records.domain as account_domain,
        owners.rep_id,
        parents.account_id as parent_account_id
    from account_records
    inner join companies
        on
            account_records.source = companies.source
            and account_records.record_id = companies.record_id
    left join owners
        on
            companies.source = owners.source
            and companies.owner_id = owners.owner_id
    left join account_records as parents
        on
            companies.source = parents.source
            and companies.parent_id = parents.record_id
            and account_records.account_id <> parents.account_id
),

-- Each attribute as the record says that changed last and has one.
described as (
    select
        account_id,
        count(*) as records,
        count(distinct source) as sources,
        min(created_at) as created_at,
        {%- for name in [
            'name', 'industry', 'employees', 'annual_revenue', 'city', 'region',
            'country_code', 'rep_id', 'parent_account_id',
        ] %}
        {{ cdp_last_value(name, 'updated_at') }} as {{ name }},
        {%- endfor %}
        max(account_domain) as domain
    from records
    group by account_id
),

domains as (
    select
        {{ dbt.hash("'domain:' || domain") }} as account_id,
        domain,
        min(first_seen_at) as first_seen_at
    from company_emails
    group by domain
),

health_of_accounts as (
    select
        account_id,
        sum(points) as points,
        {{ cdp_reasons() }} as reasons
    from health
    group by account_id
)

select
    figures.account_id,
    coalesce(described.name, domains.domain) as name,
    coalesce(described.domain, domains.domain) as domain,
    described.account_id is not null as is_in_crm,
    coalesce(described.records, 0) as records,
    coalesce(described.sources, 0) as sources,
    described.industry,
    described.employees,
    described.annual_revenue,
    described.city,
    described.region,
    described.country_code,
    described.rep_id,
    described.parent_account_id,
    least(described.created_at, domains.first_seen_at) as first_known_at,
    figures.people,
    figures.primary_people,
    figures.orders_lifetime,
    figures.revenue_lifetime,
    figures.deals,
    figures.deals_open,
    figures.deals_won,
    figures.deals_lost,
    figures.deals_stuck,
    figures.deals_with_amount_problem,
    figures.open_amount_reporting,
    figures.won_amount_reporting,
    figures.tickets_lifetime,
    figures.open_tickets,
    figures.open_urgent_tickets,
    figures.tickets_rated_bad,
    figures.events_last_30_days,
    figures.events_last_90_days,
    figures.last_touch_at,
    figures.days_since_last_touch,
    cast(
        least(100, greatest(0, 50 + coalesce(health_of_accounts.points, 0)))
        as {{ cdp_type('integer') }}
    ) as health_score,
    coalesce(health_of_accounts.reasons, 'Nothing speaks for or against it')
        as health_reasons
from figures
left join described on figures.account_id = described.account_id
left join domains on figures.account_id = domains.account_id
left join health_of_accounts on figures.account_id = health_of_accounts.account_id
