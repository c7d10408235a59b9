-- Invariant: what was linked by hand is one person. A warning, since the link may be
-- void: a value that a limit refuses links nobody, and what is parted by hand stays so.

{{ config(severity='warn') }}

with linking as (
    select distinct node_id from {{ ref('idg_edges') }}
),

sides as (
    select
        overrides.override_id,
        clusters.cluster_id
    from {{ ref('idg_overrides') }} as overrides
    inner join linking on overrides.node_id = linking.node_id
    left join {{ ref('idg_node_clusters') }} as clusters
        on overrides.node_id = clusters.node_id
    where overrides.action = 'force_link'
)

select override_id
from sides
group by override_id
having
    count(*) = 2
    and (count(cluster_id) < 2 or min(cluster_id) <> max(cluster_id))
