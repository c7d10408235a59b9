-- Invariant: no profile is held together by more of anything than its limit allows,
-- unless it was linked by hand; what was parted by hand never meets.

with linked_by_hand as (
    select distinct idg_node_clusters.cluster_id
    from {{ ref('idg_overrides') }} as idg_overrides
    inner join {{ ref('idg_node_clusters') }} as idg_node_clusters
        on idg_overrides.node_id = idg_node_clusters.node_id
    where idg_overrides.action = 'force_link'
)

select
    idg_node_clusters.cluster_id,
    idg_limits.limit_key,
    idg_limits.max_per_profile,
    count(*) as linking_values
from {{ ref('idg_limits') }} as idg_limits
inner join {{ ref('idg_node_clusters') }} as idg_node_clusters
    on idg_limits.node_id = idg_node_clusters.node_id
left join linked_by_hand
    on idg_node_clusters.cluster_id = linked_by_hand.cluster_id
where linked_by_hand.cluster_id is null or idg_limits.priority < 0
group by
    idg_node_clusters.cluster_id,
    idg_limits.limit_key,
    idg_limits.max_per_profile
having count(*) > idg_limits.max_per_profile
