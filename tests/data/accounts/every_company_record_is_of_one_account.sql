-- Invariant: every company record that stands is of one account, and an account counts
-- its records.

with records as (
    select count(*) as records
    from {{ ref('inp_accounts') }}
    where
        is_deleted is not true
        and (updated_at is null or updated_at <= {{ cdp_now() }})
),

accounts as (
    select coalesce(sum(records), 0) as records
    from {{ ref('cdp_accounts') }}
)

select
    records.records as expected,
    accounts.records as found
from records
cross join accounts
where records.records <> accounts.records
