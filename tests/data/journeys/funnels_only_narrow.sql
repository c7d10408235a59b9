-- Invariant: nobody comes to a step of a funnel without the one before it.

select
    later.funnel,
    later.profile_id,
    later.step_number
from {{ ref('prf_funnel_people') }} as later
left join {{ ref('prf_funnel_people') }} as earlier
    on
        later.funnel = earlier.funnel
        and later.profile_id = earlier.profile_id
        and later.step_number = earlier.step_number + 1
where
    later.step_number > 1
    and (earlier.profile_id is null or earlier.reached_at > later.reached_at)
