-- Invariant: a deal is in one stage at a time, from the first to the present without a
-- gap, and only the present one is open-ended.

with history as (
    select
        *,
        lead(entered_at) over (
            partition by opportunity_key order by position
        ) as next_entered_at
    from {{ ref('cdp_pipeline_history') }}
)

select
    opportunity_key,
    position
from history
where
    left_at is distinct from next_entered_at
    or is_current <> (next_entered_at is null)
    or left_at < entered_at
