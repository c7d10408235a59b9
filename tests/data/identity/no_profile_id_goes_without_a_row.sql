-- Invariant: every id ever given has a row that tells how it came, and is alive or has
-- a row that tells how it went.

with given as (
    select distinct profile_number from {{ ref('idg_node_profiles') }}
),

profiles as (
    select {{ cdp_profile_id('profile_number') }} as profile_id from given
),

living as (
    select distinct profile_id from {{ ref('cdp_identity_map') }}
),

changes as (
    select * from {{ ref('cdp_identity_changes') }}
),

came as (
    select distinct profile_id from changes
    where change_type in ('created', 'split')
),

went as (
    select previous_profile_id as profile_id from changes
    where change_type = 'merged'
    union
    select profile_id from changes
    where change_type = 'erased'
)

select profiles.profile_id
from profiles
left join living on profiles.profile_id = living.profile_id
left join came on profiles.profile_id = came.profile_id
left join went on profiles.profile_id = went.profile_id
where
    came.profile_id is null
    or (living.profile_id is null and went.profile_id is null)
