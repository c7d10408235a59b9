-- One row per (source, record_id, identifier_type, identifier_value) that links
-- nothing, with the rule that refused it. The other half of idg_edges.

with identifiers as (
    select * from {{ ref('idg_identifiers') }}
),

refused as (
    select * from {{ ref('idg_refused') }}
),

refused_at_records as (
    select * from {{ ref('idg_refused_edges') }}
),

edges as (
    select * from {{ ref('idg_edges') }}
),

refused_nodes as (
    select * from {{ cdp_refused_nodes(ref('idg_components')) }}
),

nodes as (
    select * from {{ ref('idg_nodes') }}
),

refused_edges as (
    select
        identifiers.source,
        identifiers.record_id,
        identifiers.identifier_type,
        identifiers.identifier_value,
        coalesce(refused.rule, refused_at_records.rule) as rule
    from identifiers
    left join refused
        on
            identifiers.identifier_type = refused.identifier_type
            and identifiers.identifier_value = refused.identifier_value
    left join refused_at_records
        on
            identifiers.source = refused_at_records.source
            and identifiers.record_id = refused_at_records.record_id
            and identifiers.identifier_type = refused_at_records.identifier_type
    where refused.rule is not null or refused_at_records.rule is not null
),

-- Values that would have joined more people than a profile may be.
demoted_edges as (
    select
        edges.source,
        edges.record_id,
        edges.identifier_type,
        nodes.identifier_value,
        refused_nodes.limit_key as rule
    from edges
    inner join nodes on edges.node_id = nodes.node_id
    inner join refused_nodes on edges.node_id = refused_nodes.node_id
)

select * from refused_edges
union all
select * from demoted_edges
