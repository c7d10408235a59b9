-- Why are these records one person, and what was kept from linking more? Compile with
--   dbt compile -s why_is_this_one_person --vars '{profile_id: …}'
-- and run the SQL: the values that two or more of the profile's records share hold it
-- together; a value that a rule refused links nothing, whoever else carries it.

with identity_map as (
    select * from {{ ref('cdp_identity_map') }}
),

identifiers as (
    select * from {{ ref('idg_identifiers') }}
    where identifier_type <> 'record'
),

rejected as (
    select * from {{ ref('idg_edges_rejected') }}
),

carried as (
    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        identifiers.source,
        identifiers.record_id,
        identifiers.is_person,
        identifiers.first_seen_at,
        rejected.rule,
        count(*) over (
            partition by identifiers.identifier_type, identifiers.identifier_value
        ) as records_of_profile
    from identity_map
    inner join identifiers
        on
            identity_map.source = identifiers.source
            and identity_map.record_id = identifiers.record_id
    left join rejected
        on
            identifiers.source = rejected.source
            and identifiers.record_id = rejected.record_id
            and identifiers.identifier_type = rejected.identifier_type
    where identity_map.profile_id = {{ dbt.string_literal(var('profile_id', '')) }}
)

select
    identifier_type,
    identifier_value,
    case
        when rule is not null then 'refused: ' || rule
        when records_of_profile > 1 then 'links'
        else 'on one record alone'
    end as role,
    source,
    record_id,
    is_person,
    first_seen_at
from carried
order by
    case when rule is not null then 2 when records_of_profile > 1 then 0 else 1 end,
    identifier_type,
    identifier_value,
    first_seen_at,
    source,
    record_id
