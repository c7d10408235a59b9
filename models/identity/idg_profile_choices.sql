-- One row per profile of earlier runs that still has nodes: the cluster it chose, the
-- one with most of its nodes, present ones first (a tie: the one with its least node),
-- and the survivor there: the oldest profile that chose it, which is the one with the
-- lowest number. Feeds idg_assignments, idg_node_profiles.

with clusters as (
    select * from {{ ref('idg_node_clusters') }}
),

previous as (
    select * from {{ ref('idg_previous_profiles') }}
),

common_nodes as (
    select
        previous.profile_number,
        clusters.cluster_id,
        row_number() over (
            partition by previous.profile_number
            order by
                sum(case when previous.is_present then 1 else 0 end) desc,
                count(*) desc,
                min(clusters.node_id)
        ) as preference
    from clusters
    inner join previous on clusters.node_id = previous.node_id
    group by previous.profile_number, clusters.cluster_id
)

select
    profile_number,
    cluster_id,
    min(profile_number) over (partition by cluster_id) as survivor_number
from common_nodes
where preference = 1
