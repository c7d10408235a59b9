-- One row per (profile_id, account_id, role): a person's ties to an account, by
--   crm           a record of the person names the company
--   deal          the person is in one of its deals
--   email_domain  the person has an address at its domain; an inbox of the company's is
--                 somebody's, but says nothing of who she is
--   company_name  a record of the person has its name, which no other account has

with people as (
    select
        *,
        {{ cdp_company_name('company') }} as name_key
    from {{ ref('prf_people') }}
),

opportunities as (
    select * from {{ ref('prf_opportunities') }}
),

company_emails as (
    select * from {{ ref('prf_company_emails') }}
),

companies as (
    select * from {{ ref('prf_companies') }}
),

account_records as (
    select * from {{ ref('prf_account_records') }}
),

accounts_of_names as (
    select
        companies.name_key,
        min(account_records.account_id) as account_id
    from companies
    inner join account_records
        on
            companies.source = account_records.source
            and companies.record_id = account_records.record_id
    where companies.name_key is not null
    group by companies.name_key
    having count(distinct account_records.account_id) = 1
),

ties as (
    select
        people.profile_id,
        account_records.account_id,
        coalesce(people.person_kind, 'person') as role,
        'crm' as linked_by,
        people.source,
        people.created_at as since,
        people.updated_at as last_seen_at
    from people
    inner join account_records
        on
            people.source = account_records.source
            and people.account_id = account_records.record_id

    union all

    select
        opportunities.profile_id,
        account_records.account_id,
        'deal_contact' as role,
        'deal' as linked_by,
        opportunities.source,
        opportunities.created_at as since,
        opportunities.occurred_at as last_seen_at
    from opportunities
    inner join account_records
        on
            opportunities.source = account_records.source
            and opportunities.account_id = account_records.record_id

    union all

    select
        profile_id,
        {{ dbt.hash("'domain:' || domain") }} as account_id,
        case when is_role_inbox then 'shared_inbox' else 'employee' end as role,
        'email_domain' as linked_by,
        cast(null as {{ cdp_type('text') }}) as source,
        first_seen_at as since,
        last_seen_at
    from company_emails

    union all

    select
        people.profile_id,
        accounts_of_names.account_id,
        coalesce(people.person_kind, 'person') as role,
        'company_name' as linked_by,
        people.source,
        people.created_at as since,
        people.updated_at as last_seen_at
    from people
    inner join accounts_of_names on people.name_key = accounts_of_names.name_key
    where people.account_id is null
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id, account_id, role
            order by
                case linked_by when 'crm' then 1 when 'deal' then 2 else 3 end,
                last_seen_at desc nulls last,
                source,
                since,
                linked_by
        ) as tie_rank,
        min(since) over (partition by profile_id, account_id, role) as first_since
    from ties
)

select
    profile_id,
    account_id,
    role,
    linked_by,
    source,
    first_since as since,
    last_seen_at
from ranked
where tie_rank = 1
