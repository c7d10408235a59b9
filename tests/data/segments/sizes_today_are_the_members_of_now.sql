-- Invariant: the last size that the statistics tell is the number of members now.

with sizes as (
    select
        segment,
        size,
        row_number() over (partition by segment order by day desc) as position
    from {{ ref('cdp_segment_stats') }}
),

members as (
    select
        segment,
        count(*) as members
    from {{ ref('smb_members') }}
    group by segment
)

select
    sizes.segment,
    sizes.size,
    coalesce(members.members, 0) as members
from sizes
left join members on sizes.segment = members.segment
where sizes.position = 1 and sizes.size <> coalesce(members.members, 0)
