-- Invariant: the profiles are the people of the identity map, neither more nor fewer.

with people as (
    select distinct profile_id from {{ ref('cdp_identity_map') }}
)

select
    people.profile_id as in_map,
    profiles.profile_id as in_profiles
from people
full outer join {{ ref('cdp_profiles') }} as profiles
    on people.profile_id = profiles.profile_id
where people.profile_id is null or profiles.profile_id is null
