-- Invariant: what an id is today is a living profile, in one hop; a living one is
-- itself.

with living as (
    select distinct profile_id from {{ ref('cdp_identity_map') }}
),

redirects as (
    select
        case when change_type = 'merged' then previous_profile_id else profile_id end
            as profile_id,
        current_profile_id
    from {{ ref('cdp_identity_changes') }}
)

select redirects.*
from redirects
left join living as home on redirects.current_profile_id = home.profile_id
left join living on redirects.profile_id = living.profile_id
where
    (redirects.current_profile_id is not null and home.profile_id is null)
    or (
        living.profile_id is not null
        and redirects.current_profile_id is distinct from redirects.profile_id
    )
