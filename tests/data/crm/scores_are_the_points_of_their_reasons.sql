-- Invariant: a score is the sum of the points of the rules that the person meets, from
-- 0 to 100, and every known person has one.

with points as (
    select
        profile_id,
        sum(points) as points
    from {{ ref('prf_lead_points') }}
    group by profile_id
),

people as (
    select profile_id from {{ ref('cdp_profiles') }}
    where is_known
)

select coalesce(people.profile_id, scores.profile_id) as profile_id
from people
full outer join {{ ref('cdp_lead_scores') }} as scores
    on people.profile_id = scores.profile_id
left join points on scores.profile_id = points.profile_id
where
    people.profile_id is null
    or scores.profile_id is null
    or scores.points <> coalesce(points.points, 0)
    or scores.score <> least(100, greatest(0, coalesce(points.points, 0)))
