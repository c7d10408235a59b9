-- One row per representative who owns a deal: deals, size, conversion and pace. One
-- employee is one representative, whatever the CRMs.

{{ config(schema=none, access='public') }}

with pipeline as (
    select * from {{ ref('cdp_pipeline') }}
    where rep_id is not null
),

owners as (
    select
        rep_id,
        max(rep_name) as rep_name,
        max(rep_email) as rep_email,
        max(case when is_active then 1 else 0 end) = 1 as is_active
    from {{ ref('prf_owners') }}
    group by rep_id
),

figures as (
    select
        rep_id,
        {{ cdp_deal_figures() }},
        coalesce(sum(weighted_amount_reporting), 0) as weighted_amount_reporting,
        count(case when is_overdue then 1 end) as deals_overdue,
        count(case when is_stuck then 1 end) as deals_stuck
    from pipeline
    group by rep_id
),

rated as (
    select
        figures.*,
        {{ cdp_ratio('deals_won', 'deals_won + deals_lost') }} as win_rate,
        {{ cdp_ratio('deals_won', 'deals') }} as conversion_rate
    from figures
)

select
    owners.rep_id,
    owners.rep_name,
    owners.rep_email,
    owners.is_active,
    rated.deals,
    rated.deals_open,
    rated.deals_won,
    rated.deals_lost,
    rated.deals_overdue,
    rated.deals_stuck,
    rated.deals_with_amount_problem,
    rated.open_amount_reporting,
    rated.weighted_amount_reporting,
    rated.won_amount_reporting,
    rated.mean_won_amount_reporting,
    rated.mean_days_to_win,
    rated.win_rate,
    rated.conversion_rate,
    -- What open deals promise a day, at the rate, size and pace of those that ended.
    round(
        rated.deals_open * rated.win_rate * rated.mean_won_amount_reporting
        / nullif(rated.mean_days_to_win, 0),
        2
    ) as velocity_reporting_per_day
from rated
inner join owners on rated.rep_id = owners.rep_id
