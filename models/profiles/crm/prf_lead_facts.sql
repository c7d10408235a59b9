-- One row per known person: points, and what the routes of leads ask for.

with people as (
    select * from {{ cdp_of_profiles(ref('cdp_profiles')) }}
    where is_known
),

lead_points as (
    select * from {{ cdp_of_profiles(ref('prf_lead_points')) }}
),

members as (
    select * from {{ cdp_of_profiles(ref('cdp_account_members')) }}
    where is_primary
),

accounts as (
    select * from {{ ref('cdp_accounts') }}
),

records as (
    select * from {{ cdp_of_profiles(ref('prf_people')) }}
    where owner_id is not null
),

owners as (
    select * from {{ ref('prf_owners') }}
    where is_active
),

objections as (
    select profile_id
    from {{ cdp_of_profiles(ref('prf_traits__consents')) }}
    where has_objected_to_sales_outreach
),

owners_of_people as (
    select
        records.profile_id,
        {{ cdp_last_value('owners.rep_id', 'records.updated_at') }} as rep_id
    from records
    inner join owners
        on
            records.source = owners.source
            and records.owner_id = owners.owner_id
    group by records.profile_id
),

account_owners as (
    select distinct rep_id
    from owners
),

totals as (
    select
        profile_id,
        sum(points) as points,
        count(*) as rules_met,
        {{ cdp_reasons() }} as reasons
    from lead_points
    group by profile_id
)

select
    people.profile_id,
    cast(coalesce(totals.points, 0) as {{ cdp_type('integer') }}) as points,
    cast(
        least(100, greatest(0, coalesce(totals.points, 0)))
        as {{ cdp_type('integer') }}
    ) as score,
    coalesce(totals.rules_met, 0) as rules_met,
    totals.reasons,
    {% if 'country_code' in var('cdp_attributes') -%}
    people.country_code,
    {%- else -%}
    cast(null as {{ cdp_type('text') }}) as country_code,
    {%- endif %}
    accounts.account_id,
    accounts.domain,
    accounts.employees,
    account_owners.rep_id as account_rep_id,
    owners_of_people.rep_id as record_rep_id,
    objections.profile_id is null as may_be_routed
from people
left join totals on people.profile_id = totals.profile_id
left join members on people.profile_id = members.profile_id
left join accounts on members.account_id = accounts.account_id
left join account_owners on accounts.rep_id = account_owners.rep_id
left join owners_of_people on people.profile_id = owners_of_people.profile_id
left join objections on people.profile_id = objections.profile_id
