-- One row per (identifier_type, identifier_value, first_name): the given names of the
-- present owners of a value, where they are more than its type allows. Feeds
-- idg_refused__names, which judges whether the names differ.

with holders as (
    select * from {{ ref('idg_value_holders') }}
    where is_current and first_name is not null
),

limits as (
    select * from {{ cdp_reference('identifier_limits') }}
),

names as (
    select distinct
        holders.identifier_type,
        holders.identifier_value,
        limits.max_first_names,
        holders.first_name
    from holders
    inner join limits on holders.identifier_type = limits.identifier_type
),

counted as (
    select
        *,
        count(*) over (partition by identifier_type, identifier_value) as name_count
    from names
)

select * from counted
where name_count > max_first_names
