-- One row per cluster_id: the profile it is from now on. Feeds idg_node_profiles.
-- A cluster that no earlier profile chose gets a number never used before.

with clusters as (
    select * from {{ ref('idg_node_clusters') }}
),

survivors as (
    select distinct
        cluster_id,
        survivor_number as profile_number
    from {{ ref('idg_profile_choices') }}
),

history as (
    {{ cdp_state_rows('idg_node_profiles', {'profile_number': 'integer'}) }}
),

last_number as (
    select coalesce(max(profile_number), 0) as profile_number from history
),

newcomers as (
    select
        clusters.cluster_id,
        row_number() over (order by clusters.cluster_id) as place
    from clusters
    left join survivors on clusters.cluster_id = survivors.cluster_id
    where
        clusters.node_id = clusters.cluster_id
        and survivors.cluster_id is null
)

select
    cluster_id,
    profile_number
from survivors
union all
select
    newcomers.cluster_id,
    last_number.profile_number + newcomers.place as profile_number
from newcomers
cross join last_number
