-- One row per (identifier_type, identifier_value) seen together with more values of a
-- stronger type than allowed: a kiosk's cookie with two accounts, one phone on many
-- loyalty cards. Feeds idg_refused.

with identifiers as (
    select * from {{ ref('idg_identifiers') }}
),

cardinality as (
    select * from {{ cdp_reference('identifier_cardinality') }}
),

companions as (
    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        cardinality.seen_with,
        cardinality.max_values,
        count(distinct others.identifier_value) as other_values
    from cardinality
    inner join identifiers
        on cardinality.identifier_type = identifiers.identifier_type
    inner join identifiers as others
        on
            identifiers.source = others.source
            and identifiers.record_id = others.record_id
            and cardinality.seen_with = others.identifier_type
    group by
        identifiers.identifier_type,
        identifiers.identifier_value,
        cardinality.seen_with,
        cardinality.max_values
)

select
    identifier_type,
    identifier_value,
    'seen_with_many: ' || min(seen_with) as rule
from companions
where other_values > max_values
group by identifier_type, identifier_value
