-- Invariant: no profile is held together by more of anything than its limit allows.

select
    idg_node_clusters.cluster_id,
    idg_limits.limit_key,
    idg_limits.max_per_profile,
    count(*) as linking_values
from {{ ref('idg_limits') }} as idg_limits
inner join {{ ref('idg_node_clusters') }} as idg_node_clusters
    on idg_limits.node_id = idg_node_clusters.node_id
group by
    idg_node_clusters.cluster_id,
    idg_limits.limit_key,
    idg_limits.max_per_profile
having count(*) > idg_limits.max_per_profile
