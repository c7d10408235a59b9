-- Invariant: who belongs to any account has one primary account, and one only.

select
    profile_id,
    sum(case when is_primary then 1 else 0 end) as primary_accounts
from {{ ref('cdp_account_members') }}
group by profile_id
having sum(case when is_primary then 1 else 0 end) <> 1
