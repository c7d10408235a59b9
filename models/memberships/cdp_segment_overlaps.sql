-- One row per (segment, other_segment): how many are in both now. A segment's row with
-- itself is its size. Pairs that share nobody are not here.

{{ config(access='public') }}

with members as (
    select
        segment,
        profile_id
    from {{ ref('cdp_segment_memberships') }}
    where is_current
),

sizes as (
    select
        segment,
        count(*) as people
    from members
    group by segment
),

shared as (
    select
        members.segment,
        others.segment as other_segment,
        count(*) as people
    from members
    inner join members as others on members.profile_id = others.profile_id
    group by members.segment, others.segment
),

shares as (
    select
        shared.segment,
        shared.other_segment,
        cast(shared.people as {{ cdp_type('integer') }}) as people,
        cast(shared.people as {{ cdp_type('float') }})
        / sizes.people as share_of_segment
    from shared
    inner join sizes on shared.segment = sizes.segment
)

select * from shares
