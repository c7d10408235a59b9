-- One row per (source, record_id, identifier_type): an identifier that links elsewhere,
-- but not this record, with the rule that says so. Feeds idg_edges.

with identifiers as (
    select * from {{ ref('idg_identifiers') }}
),

overrides as (
    select * from {{ ref('idg_overrides') }}
),

holders as (
    select * from {{ ref('idg_value_holders') }}
),

partings as (
    select * from overrides
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
),

-- A value that has a new owner; by hand it may be said to be one person's all along.
recycled as (
    select
        holders.source,
        holders.record_id,
        holders.identifier_type,
        'recycled' as rule
    from holders
    left join overrides
        on
            holders.identifier_type = overrides.identifier_type
            and holders.identifier_value = overrides.identifier_value
            and overrides.action = 'force_link'
    left join parted
        on
            holders.source = parted.source
            and holders.record_id = parted.record_id
            and holders.identifier_type = parted.identifier_type
    where
        not holders.is_current
        and overrides.override_id is null
        and parted.rule is null
)

select * from parted
union all
select * from recycled
