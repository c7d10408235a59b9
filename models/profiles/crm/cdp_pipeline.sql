-- One row per deal: where it stands, how long it has been there and on its way.

{{ config(schema=none, access='public') }}

with history as (
    select * from {{ ref('cdp_pipeline_history') }}
),

stages as (
    select * from {{ ref('cdp_pipeline_stages') }}
),

beginnings as (
    select
        opportunity_key,
        min(coalesce(created_at, entered_at)) as created_at,
        count(*) as stage_changes
    from history
    group by opportunity_key
),

standing as (
    select
        history.*,
        stages.typical_days,
        least(beginnings.created_at, history.entered_at) as opened_at,
        beginnings.stage_changes,
        case when history.stage_kind <> 'open' then history.entered_at end as closed_at
    from history
    inner join beginnings on history.opportunity_key = beginnings.opportunity_key
    inner join stages
        on
            history.source = stages.source
            and history.stage = stages.stage
    where history.is_current
)

select
    opportunity_key,
    source,
    opportunity_id,
    brand,
    name,
    account_id,
    profile_id,
    owner_id,
    rep_id,
    lead_source,
    stage,
    stage_kind,
    stage_kind = 'open' as is_open,
    stage_kind = 'won' as is_won,
    stage_kind = 'lost' as is_lost,
    amount,
    currency,
    amount_reporting,
    amount_problem,
    probability,
    case
        when stage_kind = 'open'
            then {{ cdp_rounded('amount_reporting * probability') }}
    end as weighted_amount_reporting,
    opened_at,
    entered_at as stage_entered_at,
    closed_at,
    close_date,
    {{ cdp_days_between('opened_at', 'coalesce(closed_at, ' ~ cdp_now() ~ ')') }}
        as age_days,
    days_in_stage,
    stage_changes,
    coalesce(stage_kind = 'open' and close_date < {{ cdp_today() }}, false)
        as is_overdue,
    -- Twice as long as half of the deals needed.
    coalesce(stage_kind = 'open' and days_in_stage > 2 * typical_days, false)
        as is_stuck
from standing
