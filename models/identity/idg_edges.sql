-- One row per (source, record_id, node_id): a record and an identifier that may link it
-- to others. Feeds idg_components.

with identifiers as (
    select * from {{ ref('idg_identifiers') }}
),

refused as (
    select * from {{ ref('idg_refused') }}
),

nodes as (
    select * from {{ ref('idg_nodes') }}
)

select
    identifiers.source,
    identifiers.record_id,
    identifiers.identifier_type,
    nodes.node_id
from identifiers
inner join nodes
    on identifiers.identifier_type = nodes.identifier_type
    and identifiers.identifier_value = nodes.identifier_value
left join refused
    on identifiers.identifier_type = refused.identifier_type
    and identifiers.identifier_value = refused.identifier_value
where refused.rule is null
