-- One row per (profile_id, account_id, role): who belongs to an account, and as what.
-- Of a person's rows one is primary: her figures count for that account and no other.

{{ config(schema=none, access='public') }}

with links as (
    select * from {{ ref('prf_account_links') }}
),

-- A catch-all of the help desk says less of where somebody works than her address does.
ranked as (
    select
        *,
        row_number() over (
            partition by profile_id
            order by
                case
                    when linked_by = 'crm' and role = 'contact' then 1
                    when linked_by = 'deal' then 2
                    when linked_by = 'crm' and role = 'lead' then 3
                    when role = 'employee' then 4
                    when linked_by = 'crm' then 5
                    when role = 'shared_inbox' then 7
                    else 6
                end,
                last_seen_at desc nulls last,
                account_id,
                role
        ) as member_rank
    from links
)

select
    profile_id,
    account_id,
    role,
    linked_by,
    source,
    since,
    last_seen_at,
    member_rank = 1 as is_primary
from ranked
