-- Why is this person in this segment? Compile with
--   dbt compile -s why_is_she_in_this_segment --vars '{segment: …, profile_id: …}'
-- and run the SQL: her stays, beside what the profile says of her now.

with memberships as (
    select * from {{ ref('cdp_segment_memberships') }}
),

profiles as (
    select * from {{ ref('cdp_profiles') }}
)

select
    memberships.segment,
    memberships.entered_at,
    memberships.exited_at,
    memberships.is_current,
    memberships.split,
    profiles.*
from memberships
inner join profiles on memberships.profile_id = profiles.profile_id
where
    memberships.segment = {{ dbt.string_literal(var('segment', '')) }}
    and memberships.profile_id = {{ dbt.string_literal(var('profile_id', '')) }}
order by memberships.entered_at
