-- One row per (source, record_id, identifier_type, identifier_value) that links nothing,
-- with the rule that refused it. The other half of idg_edges.

with identifiers as (
    select * from {{ ref('idg_identifiers') }}
),

refused as (
    select * from {{ ref('idg_refused') }}
)

select
    identifiers.source,
    identifiers.record_id,
    identifiers.identifier_type,
    identifiers.identifier_value,
    refused.rule
from identifiers
inner join refused
    on identifiers.identifier_type = refused.identifier_type
    and identifiers.identifier_value = refused.identifier_value
