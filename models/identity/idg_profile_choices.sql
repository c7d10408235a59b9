-- One row per profile of earlier runs that still has nodes: the cluster it chose, the
-- one with most of its nodes that were present (a tie: of its records, then of all its
-- nodes, then the one with the least), and the survivor there: of the profiles that
-- chose it and still lived the oldest, which is the one with the lowest number. Feeds
-- idg_assignments, idg_node_profiles.

with clusters as (
    select * from {{ ref('idg_node_clusters') }}
),

previous as (
    select * from {{ ref('idg_previous_profiles') }}
),

records as (
    select * from {{ ref('idg_nodes') }}
    where identifier_type = 'record'
),

common_nodes as (
    select
        previous.profile_number,
        clusters.cluster_id,
        sum(case when previous.is_present then 1 else 0 end) as nodes_present,
        count(records.node_id) as records,
        count(*) as nodes,
        min(clusters.node_id) as least_node_id
    from clusters
    inner join previous on clusters.node_id = previous.node_id
    left join records on clusters.node_id = records.node_id
    group by previous.profile_number, clusters.cluster_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_number
            order by nodes_present desc, records desc, nodes desc, least_node_id
        ) as preference
    from common_nodes
)

select
    profile_number,
    cluster_id,
    first_value(profile_number) over (
        partition by cluster_id
        order by case when nodes_present > 0 then 0 else 1 end, profile_number
    ) as survivor_number
from ranked
where preference = 1
