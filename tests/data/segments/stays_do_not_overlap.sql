-- Invariant: a person's stays in a segment follow one another; each ends after it
-- began.

with stays as (
    select
        *,
        lead(entered_at) over (
            partition by segment, profile_id
            order by entered_at, stay_id
        ) as next_entered_at
    from {{ ref('cdp_segment_memberships') }}
)

select
    segment,
    profile_id,
    entered_at
from stays
where
    exited_at < entered_at
    or (next_entered_at is not null and exited_at is null)
    or exited_at > next_entered_at
