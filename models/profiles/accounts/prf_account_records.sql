-- One row per (source, record_id): which account a company record is, and by what:
--   domain   its own
--   name     it states none, and all companies of its name that do state the same
--   people   none of its name does, and most of their people's addresses are at one
--   record   nothing: companies of one name without a domain are one, in one country
-- An account with a domain is named by it, one without by its oldest record: no
-- rebuild, no further source and no order of rows changes an account_id.

with companies as (
    select * from {{ ref('prf_companies') }}
),

company_domains as (
    select * from {{ ref('prf_company_domains') }}
),

countries as (
    select
        name_key,
        count(distinct country_code) as countries
    from companies
    group by name_key
),

keyed as (
    select
        companies.source,
        companies.record_id,
        companies.created_at,
        coalesce(companies.domain, company_domains.domain) as domain,
        case
            when companies.domain is not null then 'domain'
            else coalesce(company_domains.known_by, 'record')
        end as known_by,
        {{ cdp_id('companies.source', 'companies.record_id') }} as record_key,
        coalesce(
            companies.name_key || '|'
            || case
                when countries.countries > 1 then coalesce(companies.country_code, '')
                else ''
            end,
            {{ cdp_id('companies.source', 'companies.record_id') }}
        ) as company_key
    from companies
    left join company_domains on companies.name_key = company_domains.name_key
    left join countries on companies.name_key = countries.name_key
),

named as (
    select
        *,
        case
            when domain is not null then 'domain:' || domain
            else 'record:' || first_value(record_key) over (
                partition by domain, company_key
                order by created_at nulls last, source, record_id
            )
        end as account_name
    from keyed
),

account_records as (
    select
        source,
        record_id,
        domain,
        known_by,
        {{ dbt.hash('account_name') }} as account_id
    from named
)

select * from account_records
