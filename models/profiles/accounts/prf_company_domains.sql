-- One row per name_key: the domain of the companies of a name, by those that state one
-- (known_by: name), else by the addresses of most of their people (known_by: people).
-- Where companies of one name have two domains there is no row: they are two companies.

with companies as (
    select * from {{ ref('prf_companies') }}
    where name_key is not null
),

people as (
    select * from {{ ref('prf_people') }}
),

company_emails as (
    select * from {{ ref('prf_company_emails') }}
    where not is_role_inbox
),

names as (
    select
        name_key,
        count(distinct domain) as domains,
        min(domain) as domain
    from companies
    group by name_key
),

-- By the company that their record is linked to, else by the name that it gives.
workplaces as (
    select
        people.profile_id,
        coalesce(
            companies.name_key, {{ cdp_company_name('people.company') }}
        ) as name_key
    from people
    left join companies
        on
            people.source = companies.source
            and people.account_id = companies.record_id
),

people_of_names as (
    select
        names.name_key,
        company_emails.domain,
        count(distinct workplaces.profile_id) as people
    from names
    inner join workplaces on names.name_key = workplaces.name_key
    inner join company_emails on workplaces.profile_id = company_emails.profile_id
    where names.domains = 0
    group by names.name_key, company_emails.domain
),

shares as (
    select
        *,
        sum(people) over (partition by name_key) as people_of_name,
        count(*) over (partition by domain) as names_at_domain
    from people_of_names
),

-- What another company has or would claim as well is left alone.
domains_of_most_people as (
    select
        name_key,
        domain
    from shares
    where
        people * 2 > people_of_name
        and names_at_domain = 1
        and not exists (
            select 1
            from companies
            where companies.domain = shares.domain
        )
),

company_domains as (
    select
        names.name_key,
        coalesce(names.domain, domains_of_most_people.domain) as domain,
        case when names.domains = 1 then 'name' else 'people' end as known_by
    from names
    left join domains_of_most_people
        on names.name_key = domains_of_most_people.name_key
    where
        names.domains = 1
        or domains_of_most_people.domain is not null
)

select * from company_domains
