-- Invariant: every identifier of every record links, or is refused by a rule; never
-- both.

with linking as (
    select
        idg_edges.source,
        idg_edges.record_id,
        idg_edges.identifier_type
    from {{ ref('idg_edges') }} as idg_edges
    inner join {{ ref('idg_components') }} as idg_components
        on idg_edges.node_id = idg_components.node_id
),

outcomes as (
    select * from linking
    union all
    select
        source,
        record_id,
        identifier_type
    from {{ ref('idg_edges_rejected') }}
),

counted as (
    select
        source,
        record_id,
        identifier_type,
        count(*) as outcomes
    from outcomes
    group by source, record_id, identifier_type
)

select
    identifiers.source,
    identifiers.record_id,
    identifiers.identifier_type,
    counted.outcomes
from {{ ref('idg_identifiers') }} as identifiers
left join counted
    on
        identifiers.source = counted.source
        and identifiers.record_id = counted.record_id
        and identifiers.identifier_type = counted.identifier_type
where coalesce(counted.outcomes, 0) <> 1
