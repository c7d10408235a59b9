-- One row per (identifier_type, identifier_value, first_name): the given names of the
-- people who carry a value that more of them carry than its type allows. Feeds
-- idg_refused__names, which judges whether the names differ.

with identifiers as (
    select * from {{ ref('idg_identifiers') }}
),

-- A name of one word may be a surname: it tells no two people apart.
people as (
    select * from {{ ref('idg_records') }}
    where first_name is not null and last_name is not null
),

limits as (
    select * from {{ cdp_reference('identifier_limits') }}
    where max_first_names is not null
),

names as (
    select distinct
        identifiers.identifier_type,
        identifiers.identifier_value,
        limits.max_first_names,
        split_part(people.first_name, ' ', 1) as first_name
    from identifiers
    inner join limits on identifiers.identifier_type = limits.identifier_type
    inner join people
        on
            identifiers.source = people.source
            and identifiers.record_id = people.record_id
),

counted as (
    select
        *,
        count(*) over (partition by identifier_type, identifier_value) as name_count
    from names
)

select * from counted
where name_count > max_first_names
