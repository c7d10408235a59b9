-- One row per domain that is nobody's company, and why:
--   free_mail    anybody may have an address there
--   disposable   it hands out addresses for minutes
--   crowd        many people are there, and no source has a company of that domain: a
--                provider that the seed does not know

{%- set crowd = 10 %}

with identifiers as (
    select * from {{ ref('cdp_identifiers') }}
    where
        identifier_type = 'email'
        and coalesce(refused_by, '') not like 'blocked_value%'
),

accounts as (
    select * from {{ ref('inp_accounts') }}
),

free_mail_domains as (
    select * from {{ cdp_reference('free_mail_domains') }}
),

disposable_domains as (
    select * from {{ cdp_reference('disposable_domains') }}
),

people_at_domains as (
    select
        {{ dbt.split_part('identifier_value', "'@'", 2) }} as domain,
        count(distinct profile_id) as people
    from identifiers
    group by {{ dbt.split_part('identifier_value', "'@'", 2) }}
),

everybody as (
    select count(distinct profile_id) as people
    from identifiers
),

crowds as (
    select people_at_domains.domain
    from people_at_domains
    cross join everybody
    where
        people_at_domains.people >= {{ crowd }}
        and people_at_domains.people
        > everybody.people * {{ var('cdp_account_max_share') }}
        and not exists (
            select 1
            from accounts
            where
                accounts.domain = people_at_domains.domain
                and not coalesce(accounts.is_deleted, false)
        )
),

reasons as (
    select
        domain,
        'free_mail' as reason
    from free_mail_domains

    union all

    select
        domain,
        'disposable' as reason
    from disposable_domains

    union all

    select
        domain,
        'crowd' as reason
    from crowds
)

select
    domain,
    min(reason) as reason
from reasons
group by domain
