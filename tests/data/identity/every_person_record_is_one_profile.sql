-- Invariant: every person record that its source has not deleted is in exactly one
-- profile.

with people as (
    select
        source,
        record_id
    from {{ ref('inp_people') }}
    where not coalesce(is_deleted, false)
)

select
    people.source,
    people.record_id,
    count(distinct identity_map.profile_id) as profiles
from people
left join {{ ref('cdp_identity_map') }} as identity_map
    on
        people.source = identity_map.source
        and people.record_id = identity_map.record_id
group by people.source, people.record_id
having count(distinct identity_map.profile_id) <> 1
