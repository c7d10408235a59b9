-- One row per node_id that links: its connected component, named by its least node.
-- Nodes are connected when one record carries both. Feeds idg_profile_choices.
-- A record becomes a star around its most trusted node, so that records never enter the
-- loop, and a star keeps its centre when less trusted types are let go.

{{ config(materialized='cdp_components', unlogged=true) }}

with edges as (
    select * from {{ ref('idg_edges') }}
),

-- The least (priority, node_id) as one number: node ids stay below two to the 31st.
hubs as (
    select
        source,
        record_id,
        min(priority * 2147483648 + node_id) % 2147483648 as hub_id
    from edges
    group by source, record_id
)

select distinct
    edges.node_id,
    hubs.hub_id as neighbour_id,
    edges.identifier_type,
    edges.priority,
    edges.max_per_profile
from edges
inner join hubs
    on
        edges.source = hubs.source
        and edges.record_id = hubs.record_id
