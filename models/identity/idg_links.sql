-- One row per (node_id, neighbour_id) that records link today, limit_key null; and one
-- per (node_id, limit_key) of which a component may have so many (see cdp_components).
-- Nodes are linked when one record carries both. Feeds idg_link_changes.
-- A record becomes a star around its most trusted node, so that records never enter the
-- loop; where that node may be refused, the others are also paired among themselves.

{{ config(materialized='view') }}

with edges as (
    select * from {{ ref('idg_edges') }}
),

limits as (
    select * from {{ ref('idg_limits') }}
),

overrides as (
    select distinct overrides.*
    from {{ ref('idg_overrides') }} as overrides
    inner join edges on overrides.node_id = edges.node_id
    where overrides.action = 'force_link'
),

-- The least (priority, node_id) as one number: node ids stay below two to the 31st.
hubs as (
    select
        source,
        record_id,
        min(priority * 2147483648 + node_id) % 2147483648 as hub_id,
        min(priority) > 0 and count(*) > 2 as is_refusable
    from edges
    group by source, record_id
),

stars as (
    select distinct
        edges.node_id,
        hubs.hub_id as neighbour_id,
        edges.priority
    from edges
    inner join hubs
        on
            edges.source = hubs.source
            and edges.record_id = hubs.record_id
),

edges_beside_hubs as (
    select edges.*
    from edges
    inner join hubs
        on
            edges.source = hubs.source
            and edges.record_id = hubs.record_id
            and edges.node_id <> hubs.hub_id
    where hubs.is_refusable
),

spare_pairs as (
    select distinct
        edges.node_id,
        trusted_edges.node_id as neighbour_id,
        edges.priority
    from edges_beside_hubs as edges
    inner join edges_beside_hubs as trusted_edges
        on
            edges.source = trusted_edges.source
            and edges.record_id = trusted_edges.record_id
            and (
                edges.priority > trusted_edges.priority
                or (
                    edges.priority = trusted_edges.priority
                    and edges.node_id > trusted_edges.node_id
                )
            )
),

pairs_by_hand as (
    select
        one.node_id,
        other.node_id as neighbour_id,
        -1 as priority
    from overrides as one
    inner join overrides as other on one.override_id = other.override_id
    where one.side = 'one' and other.side = 'other'
),

-- Whoever is a neighbour also has a row with itself, as hubs have.
neighbours_beside_hubs as (
    select neighbour_id as node_id from spare_pairs
    union
    select neighbour_id as node_id from pairs_by_hand
),

loops as (
    select distinct
        edges.node_id,
        edges.node_id as neighbour_id,
        edges.priority
    from edges
    inner join neighbours_beside_hubs
        on edges.node_id = neighbours_beside_hubs.node_id
),

pairs as (
    select * from stars
    union all
    select * from loops
    union all
    select * from spare_pairs
    union all
    select * from pairs_by_hand
)

select
    node_id,
    neighbour_id,
    priority,
    cast(null as {{ cdp_type('text') }}) as limit_key,
    cast(null as {{ cdp_type('integer') }}) as max_per_profile
from pairs
union all
select
    node_id,
    node_id as neighbour_id,
    priority,
    limit_key,
    max_per_profile
from limits
