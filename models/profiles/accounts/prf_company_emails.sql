-- One row per (profile_id, domain): a company's domain at which a person has an
-- address. Placeholders are nobody's address; mail providers and throw-away domains are
-- nobody's company.

with identifiers as (
    select * from {{ ref('cdp_identifiers') }}
    where identifier_type = 'email'
),

mail_domains as (
    select * from {{ ref('prf_mail_domains') }}
),

role_addresses as (
    select * from {{ cdp_reference('role_addresses') }}
),

addresses as (
    select
        profile_id,
        {{ dbt.split_part('identifier_value', "'@'", 1) }} as local_part,
        {{ dbt.split_part('identifier_value', "'@'", 2) }} as domain,
        coalesce(refused_by, '') like 'blocked_value: role%' as is_blocked_role,
        first_seen_at,
        last_seen_at
    from identifiers
    where
        coalesce(refused_by, '') not like 'blocked_value%'
        or refused_by like 'blocked_value: role%'
)

select
    addresses.profile_id,
    addresses.domain,
    min(
        case
            when addresses.is_blocked_role or role_addresses.local_part is not null
                then 1
            else 0
        end
    ) = 1 as is_role_inbox,
    min(addresses.first_seen_at) as first_seen_at,
    max(addresses.last_seen_at) as last_seen_at
from addresses
left join role_addresses on addresses.local_part = role_addresses.local_part
left join mail_domains on addresses.domain = mail_domains.domain
where
    mail_domains.domain is null
    and addresses.domain like '%_.__%'
group by addresses.profile_id, addresses.domain
