-- One row per (source, record_id): a company record that is not deleted, with what it
-- is recognised by: its domain where that is its own, and its name without legal form.

with accounts as (
    select * from {{ ref('inp_accounts') }}
    where
        not coalesce(is_deleted, false)
        and (updated_at is null or {{ cdp_has_come('updated_at') }})
),

mail_domains as (
    select * from {{ ref('prf_mail_domains') }}
),

placeholders as (
    select distinct {{ cdp_fold('value') }} as name
    from {{ cdp_reference('blocked_values') }}
    where identifier_type = '*' and match_kind = 'literal'
),

named as (
    select
        *,
        {{ cdp_company_name('name') }} as folded_name
    from accounts
),

-- A page on somebody's platform: three companies of one source give one domain.
platforms as (
    select domain
    from named
    group by source, domain
    having count(distinct folded_name) > 2
),

companies as (
    select
        named.source,
        named.record_id,
        named.brand,
        named.updated_at,
        named.created_at,
        named.name,
        named.industry,
        named.employees,
        named.annual_revenue,
        named.city,
        named.region,
        named.country_code,
        named.owner_id,
        named.parent_id,
        named.domain as stated_domain,
        case when placeholders.name is null then named.folded_name end as name_key,
        case
            when
                mail_domains.domain is null
                and named.domain like '%_.__%'
                and not exists (
                    select 1
                    from platforms
                    where platforms.domain = named.domain
                )
                then named.domain
        end as domain
    from named
    left join placeholders on named.folded_name = placeholders.name
    left join mail_domains on named.domain = mail_domains.domain
)

select * from companies
