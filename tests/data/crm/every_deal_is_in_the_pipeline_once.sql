-- Invariant: the pipeline has every deal of the CRMs once, the history every stay, and
-- the amounts of open and closed deals are those of their latest stays, to the cent.

with stays as (
    select * from {{ ref('inp_opportunities') }}
    where
        is_deleted is not true
        and opportunity_id is not null
        and occurred_at <= {{ cdp_now() }}
),

expected as (
    select
        count(*) as stays,
        count(distinct source || ':' || opportunity_id) as deals
    from stays
),

history as (
    select
        count(*) as stays,
        sum(case when is_current then amount_reporting end) as amount
    from {{ ref('cdp_pipeline_history') }}
),

pipeline as (
    select
        count(*) as deals,
        sum(amount_reporting) as amount
    from {{ ref('cdp_pipeline') }}
),

reps as (
    select sum(deals) as deals
    from {{ ref('cdp_sales_reps') }}
),

owned as (
    select count(rep_id) as deals
    from {{ ref('cdp_pipeline') }}
)

select
    expected.stays as stays_expected,
    history.stays as stays_found,
    expected.deals as deals_expected,
    pipeline.deals as deals_found
from expected
cross join history
cross join pipeline
cross join reps
cross join owned
where
    expected.stays <> history.stays
    or expected.deals <> pipeline.deals
    or coalesce(history.amount, 0) <> coalesce(pipeline.amount, 0)
    or coalesce(reps.deals, 0) <> owned.deals
