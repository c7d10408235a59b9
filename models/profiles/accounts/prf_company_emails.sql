-- One row per (profile_id, domain): a company's domain at which a person has an
-- address. Placeholders are nobody's address; mail providers and throw-away domains are
-- nobody's company. A provider that the seed does not know gives itself away: many
-- people are there, and no source has a company of that domain.

{%- set crowd = 10 %}

with identifiers as (
    select * from {{ ref('cdp_identifiers') }}
    where identifier_type = 'email'
),

free_mail_domains as (
    select * from {{ cdp_reference('free_mail_domains') }}
),

accounts as (
    select * from {{ ref('inp_accounts') }}
),

addresses as (
    select
        profile_id,
        {{ dbt.split_part('identifier_value', "'@'", 2) }} as domain,
        coalesce(refused_by, '') like 'blocked_value: role%' as is_role_inbox,
        first_seen_at,
        last_seen_at
    from identifiers
    where
        coalesce(refused_by, '') not like 'blocked_value%'
        or refused_by like 'blocked_value: role%'
),

people_at_domains as (
    select
        addresses.domain,
        count(distinct addresses.profile_id) as people
    from addresses
    group by addresses.domain
),

everybody as (
    select count(distinct profile_id) as people
    from addresses
),

company_domains as (
    select people_at_domains.domain
    from people_at_domains
    cross join everybody
    left join free_mail_domains
        on people_at_domains.domain = free_mail_domains.domain
    where
        free_mail_domains.domain is null
        and people_at_domains.domain like '%_.__%'
        and (
            people_at_domains.people < {{ crowd }}
            or people_at_domains.people
            <= everybody.people * {{ var('cdp_account_max_share') }}
            or exists (
                select 1
                from accounts
                where
                    accounts.domain = people_at_domains.domain
                    and not coalesce(accounts.is_deleted, false)
            )
        )
),

company_emails as (
    select
        addresses.profile_id,
        addresses.domain,
        min(case when addresses.is_role_inbox then 1 else 0 end) = 1 as is_role_inbox,
        min(addresses.first_seen_at) as first_seen_at,
        max(addresses.last_seen_at) as last_seen_at
    from addresses
    inner join company_domains on addresses.domain = company_domains.domain
    group by addresses.profile_id, addresses.domain
)

select * from company_emails
