-- Invariant: what the accounts have in their pipelines is what their deals come to by
-- the CRMs' own last word, to the cent; counted from the input, by no model of ours but
-- the one that says whose a deal is.

with stays as (
    select
        *,
        row_number() over (
            partition by source, opportunity_id
            order by
                occurred_at desc,
                case when is_closed or is_won then 0 else 1 end,
                record_id desc
        ) as latest
    from {{ ref('inp_opportunities') }}
    where is_deleted is not true and occurred_at <= {{ cdp_now() }}
),

deals_with_an_account as (
    select
        source,
        opportunity_id
    from {{ ref('cdp_pipeline') }}
    where account_id is not null and is_open
),

expected as (
    select coalesce(sum(stays.amount_reporting), 0) as open_amount
    from stays
    inner join deals_with_an_account
        on
            stays.source = deals_with_an_account.source
            and stays.opportunity_id = deals_with_an_account.opportunity_id
    where stays.latest = 1
),

found as (
    select coalesce(sum(open_amount_reporting), 0) as open_amount
    from {{ ref('cdp_accounts') }}
)

select
    expected.open_amount as open_amount_expected,
    found.open_amount as open_amount_found
from expected
cross join found
where abs(expected.open_amount - found.open_amount) >= 0.01
