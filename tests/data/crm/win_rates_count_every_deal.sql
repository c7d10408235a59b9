-- Invariant: by owner and by source, the win rates count every deal once.

with rates as (
    select
        dimension,
        sum(deals) as deals,
        sum(deals_won) as deals_won
    from {{ ref('cdp_win_rates') }}
    where dimension <> 'stage'
    group by dimension
),

pipeline as (
    select
        count(*) as deals,
        count(case when is_won then 1 end) as deals_won
    from {{ ref('cdp_pipeline') }}
)

select rates.dimension
from rates
cross join pipeline
where rates.deals <> pipeline.deals or rates.deals_won <> pipeline.deals_won
