-- One row per (dimension, value): how deals end, by the stage they went through, the
-- representative who owns them and the source they came from.

{{ config(schema=none, access='public') }}

with pipeline as (
    select * from {{ ref('cdp_pipeline') }}
),

history as (
    select * from {{ ref('cdp_pipeline_history') }}
),

deals_by_dimension as (
    select distinct
        'stage' as dimension,
        coalesce(history.stage, 'none') as value,
        history.opportunity_key
    from history

    union all

    select
        'owner' as dimension,
        coalesce(rep_id, 'none') as value,
        opportunity_key
    from pipeline

    union all

    select
        'lead_source' as dimension,
        coalesce(lead_source, 'none') as value,
        opportunity_key
    from pipeline
),

counted as (
    select
        deals_by_dimension.dimension,
        deals_by_dimension.value,
        {{ cdp_deal_figures() }}
    from deals_by_dimension
    inner join pipeline
        on deals_by_dimension.opportunity_key = pipeline.opportunity_key
    group by deals_by_dimension.dimension, deals_by_dimension.value
)

select
    *,
    {{ cdp_ratio('deals_won', 'deals_won + deals_lost') }} as win_rate
from counted
