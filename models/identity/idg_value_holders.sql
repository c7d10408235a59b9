-- One row per (identifier_type, identifier_value, source, record_id): who carries a
-- value that people of more given names carry than its type allows. tenure counts its
-- owners: a value that nobody showed for window_days has a new one. Feeds
-- idg_value_names, idg_refused_edges.

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

named as (
    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        identifiers.source,
        identifiers.record_id,
        {{ dbt.split_part('people.first_name', "' '", 1) }} as first_name
    from identifiers
    inner join people
        on
            identifiers.source = people.source
            and identifiers.record_id = people.record_id
),

crowded as (
    select
        named.identifier_type,
        named.identifier_value,
        limits.window_days
    from named
    inner join limits on named.identifier_type = limits.identifier_type
    group by
        named.identifier_type,
        named.identifier_value,
        limits.window_days,
        limits.max_first_names
    having count(distinct named.first_name) > limits.max_first_names
),

carried as (
    select
        identifiers.*,
        crowded.window_days,
        max(identifiers.last_seen_at) over (
            partition by identifiers.identifier_type, identifiers.identifier_value
            order by
                identifiers.first_seen_at,
                identifiers.source,
                identifiers.record_id
            rows between unbounded preceding and 1 preceding
        ) as seen_before_at
    from identifiers
    inner join crowded
        on
            identifiers.identifier_type = crowded.identifier_type
            and identifiers.identifier_value = crowded.identifier_value
),

tenures as (
    select
        *,
        sum(
            case
                when
                    first_seen_at
                    > {{ dbt.dateadd('day', 'window_days', 'seen_before_at') }}
                    then 1
                else 0
            end
        ) over (
            partition by identifier_type, identifier_value
            order by first_seen_at, source, record_id
            rows between unbounded preceding and current row
        ) as tenure
    from carried
)

select
    tenures.identifier_type,
    tenures.identifier_value,
    tenures.source,
    tenures.record_id,
    named.first_name,
    cast(tenures.tenure as {{ cdp_type('integer') }}) as tenure,
    tenures.tenure = max(tenures.tenure) over (
        partition by tenures.identifier_type, tenures.identifier_value
    ) as is_current
from tenures
left join named
    on
        tenures.identifier_type = named.identifier_type
        and tenures.source = named.source
        and tenures.record_id = named.record_id
