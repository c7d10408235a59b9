-- Invariant: profiles are the clusters, one to one.

with pairs as (
    select distinct
        idg_node_clusters.cluster_id,
        idg_current_profiles.profile_number
    from {{ ref('idg_node_clusters') }} as idg_node_clusters
    inner join {{ ref('idg_current_profiles') }} as idg_current_profiles
        on
            idg_node_clusters.node_id = idg_current_profiles.node_id
            and idg_current_profiles.is_present
),

counted as (
    select
        cluster_id,
        profile_number,
        count(*) over (partition by cluster_id) as profiles,
        count(*) over (partition by profile_number) as clusters
    from pairs
)

select * from counted
where profiles > 1 or clusters > 1
