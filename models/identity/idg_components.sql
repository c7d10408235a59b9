-- One row per node_id: its connected component, named by its least node. Nodes are
-- connected when one record carries both. Feeds idg_previous_profiles, idg_assignments.
-- A record becomes a star around its least node, so that it never enters the loop.

{{ config(materialized='cdp_components', unlogged=true) }}

with edges as (
    select * from {{ ref('idg_edges') }}
),

hubs as (
    select
        source,
        record_id,
        min(node_id) as hub_id
    from edges
    group by source, record_id
)

select distinct
    edges.node_id,
    hubs.hub_id as neighbour_id
from edges
inner join hubs
    on edges.source = hubs.source
    and edges.record_id = hubs.record_id
