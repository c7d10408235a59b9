-- One row per (identifier_type, identifier_value) on more people of one source, or on a
-- larger share of all records, than its type allows. Feeds idg_refused.

with identifiers as (
    select * from {{ ref('idg_identifiers') }}
),

limits as (
    select * from {{ cdp_reference('identifier_limits') }}
),

totals as (
    select count(*) as records from {{ ref('idg_records') }}
),

by_source as (
    select
        identifier_type,
        identifier_value,
        source,
        count(*) as records,
        sum(case when is_person then 1 else 0 end) as people
    from identifiers
    group by identifier_type, identifier_value, source
),

by_value as (
    select
        identifier_type,
        identifier_value,
        sum(records) as records,
        max(people) as people_in_a_source
    from by_source
    group by identifier_type, identifier_value
)

select
    by_value.identifier_type,
    by_value.identifier_value,
    case
        when by_value.people_in_a_source > limits.max_people_per_source
            then 'many_people_in_a_source'
        else 'large_share_of_records'
    end as rule
from by_value
inner join limits on by_value.identifier_type = limits.identifier_type
cross join totals
where
    by_value.people_in_a_source > limits.max_people_per_source
    or (
        -- A share means little in a small pool.
        by_value.records > 100
        and by_value.records > limits.max_records_share * totals.records
    )
