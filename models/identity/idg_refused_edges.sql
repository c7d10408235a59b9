-- One row per (source, record_id, identifier_type): an identifier that links elsewhere,
-- but not this record, with the rule that says so. Feeds idg_edges.

with identifiers as (
    select * from {{ ref('idg_identifiers') }}
),

partings as (
    select * from {{ ref('idg_overrides') }}
    where action = 'force_unlink'
),

-- A record parted by hand from a value that it carries itself.
parted as (
    select
        identifiers.source,
        identifiers.record_id,
        identifiers.identifier_type,
        'force_unlink: ' || min(records.override_id) as rule
    from partings as records
    inner join partings as carried
        on
            records.override_id = carried.override_id
            and records.side <> carried.side
    inner join identifiers
        on
            carried.identifier_type = identifiers.identifier_type
            and carried.identifier_value = identifiers.identifier_value
            and records.identifier_value
            = identifiers.source || ':' || identifiers.record_id
    where records.identifier_type = 'record' and identifiers.identifier_type <> 'record'
    group by
        identifiers.source,
        identifiers.record_id,
        identifiers.identifier_type
)

select * from parted
