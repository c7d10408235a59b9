-- Invariant: no profile is held together by more values of a type than one person may
-- have.

with linking as (
    select
        idg_node_clusters.cluster_id,
        idg_edges.identifier_type,
        idg_edges.max_per_profile,
        count(distinct idg_edges.node_id) as linking_values
    from {{ ref('idg_edges') }} as idg_edges
    inner join {{ ref('idg_node_clusters') }} as idg_node_clusters
        on idg_edges.node_id = idg_node_clusters.node_id
    group by
        idg_node_clusters.cluster_id,
        idg_edges.identifier_type,
        idg_edges.max_per_profile
)

select * from linking
where linking_values > max_per_profile
