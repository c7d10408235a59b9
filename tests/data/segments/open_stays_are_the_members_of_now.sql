-- Invariant: a person has an open stay in a segment, and one only, exactly while the
-- segment's own query returns her.

with open_stays as (
    select
        segment,
        profile_id,
        count(*) as stays
    from {{ ref('cdp_segment_memberships') }}
    where is_current
    group by segment, profile_id
),

members as (
    select * from {{ ref('smb_members') }}
)

select
    coalesce(members.segment, open_stays.segment) as segment,
    coalesce(members.profile_id, open_stays.profile_id) as profile_id
from members
full outer join open_stays
    on
        members.segment = open_stays.segment
        and members.profile_id = open_stays.profile_id
where members.segment is null or open_stays.segment is null or open_stays.stays > 1
