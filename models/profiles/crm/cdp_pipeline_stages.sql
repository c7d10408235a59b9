-- One row per (source, stage): how deals go through a stage, and where they wait
-- longest.

{{ config(schema=none, access='public') }}

with history as (
    select * from {{ ref('cdp_pipeline_history') }}
),

outcomes as (
    select
        opportunity_key,
        case when stage_kind = 'won' then opportunity_key end as won_key,
        case when stage_kind = 'lost' then opportunity_key end as lost_key
    from history
    where is_current
),

-- A deal that came back counts once.
deals_of_stages as (
    select
        history.source,
        history.stage,
        count(distinct history.opportunity_key) as deals_entered,
        count(distinct outcomes.won_key) as deals_won,
        count(distinct outcomes.lost_key) as deals_lost
    from history
    inner join outcomes on history.opportunity_key = outcomes.opportunity_key
    group by history.source, history.stage
),

stays_of_stages as (
    select
        source,
        stage,
        max(stage_kind) as stage_kind,
        avg(cast(position as {{ cdp_type('float') }})) as mean_position,
        count(case when is_current then 1 end) as deals_now,
        sum(case when is_current then amount_reporting else 0 end)
            as amount_now_reporting,
        count(case when not is_current then 1 end) as stays_ended,
        count(case when next_stage_kind <> 'lost' then 1 end) as stays_moved_on,
        avg(days_in_stage) as mean_days,
        percentile_cont(0.5) within group (
            order by case when not is_current then days_in_stage end
        ) as typical_days
    from history
    group by source, stage
),

flow as (
    select
        stays_of_stages.*,
        deals_of_stages.deals_entered,
        deals_of_stages.deals_won,
        deals_of_stages.deals_lost,
        row_number() over (
            partition by stays_of_stages.source, stays_of_stages.stage_kind
            order by
                stays_of_stages.mean_days desc nulls last,
                stays_of_stages.deals_now desc,
                stays_of_stages.stage
        ) as slowness
    from stays_of_stages
    inner join deals_of_stages
        on
            stays_of_stages.source = deals_of_stages.source
            and stays_of_stages.stage = deals_of_stages.stage
)

select
    source,
    stage,
    stage_kind,
    row_number() over (
        partition by source
        order by case when stage_kind = 'open' then 0 else 1 end, mean_position, stage
    ) as position,
    deals_entered,
    deals_won,
    deals_lost,
    {{ cdp_ratio('deals_won', 'deals_won + deals_lost') }} as win_rate,
    deals_now,
    coalesce(amount_now_reporting, 0) as amount_now_reporting,
    stays_ended,
    {{ cdp_ratio('stays_moved_on', 'stays_ended') }} as conversion_rate,
    {{ cdp_rounded('mean_days') }} as mean_days,
    {{ cdp_rounded('typical_days') }} as typical_days,
    stage_kind = 'open' and slowness = 1 and mean_days is not null as is_bottleneck
from flow
