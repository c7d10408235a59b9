-- One row per (source, record_id, node_id): a record and an identifier that may link it
-- to others, with how far its type is trusted (see cdp_identifier_limits; 0: the record
-- itself, 99: not listed). Feeds idg_components.

with identifiers as (
    select * from {{ ref('idg_identifiers') }}
),

refused as (
    select * from {{ ref('idg_refused') }}
),

refused_edges as (
    select * from {{ ref('idg_refused_edges') }}
),

nodes as (
    select * from {{ ref('idg_nodes') }}
),

limits as (
    select * from {{ cdp_reference('identifier_limits') }}
)

select
    identifiers.source,
    identifiers.record_id,
    identifiers.identifier_type,
    nodes.node_id,
    cast(
        case
            when identifiers.identifier_type = 'record' then 0
            else coalesce(limits.priority, 99)
        end as {{ cdp_type('integer') }}
    ) as priority
from identifiers
inner join nodes
    on
        identifiers.identifier_type = nodes.identifier_type
        and identifiers.identifier_value = nodes.identifier_value
left join limits on identifiers.identifier_type = limits.identifier_type
left join refused
    on
        identifiers.identifier_type = refused.identifier_type
        and identifiers.identifier_value = refused.identifier_value
left join refused_edges
    on
        identifiers.source = refused_edges.source
        and identifiers.record_id = refused_edges.record_id
        and identifiers.identifier_type = refused_edges.identifier_type
where refused.rule is null and refused_edges.rule is null
