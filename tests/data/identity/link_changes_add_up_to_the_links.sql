-- Invariant: what idg_link_changes tells adds up to the links of today.

with links as (
    select distinct
        node_id,
        neighbour_id,
        priority,
        limit_key,
        max_per_profile
    from {{ ref('idg_links') }}
),

compared as (
    select
        *,
        1 as times
    from links
    union all
    select
        node_id,
        neighbour_id,
        priority,
        limit_key,
        max_per_profile,
        -change as times
    from {{ ref('idg_link_changes') }}
)

select
    node_id,
    neighbour_id,
    sum(times) as times
from compared
group by node_id, neighbour_id, priority, limit_key, max_per_profile
having sum(times) <> 0
