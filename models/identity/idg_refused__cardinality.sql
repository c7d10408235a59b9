-- One row per (identifier_type, identifier_value) seen together with more values of a
-- stronger type than allowed, within window_days or ever: a kiosk's cookie with two
-- accounts, one phone on many loyalty cards. Feeds idg_refused.

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
        cardinality.window_days,
        others.identifier_value as other_value,
        min(identifiers.first_seen_at) as first_seen_at,
        max(identifiers.last_seen_at) as last_seen_at
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
        cardinality.max_values,
        cardinality.window_days,
        others.identifier_value
),

counted as (
    select
        *,
        count(*) over (
            partition by identifier_type, identifier_value, seen_with
        ) as other_values
    from companions
),

many as (
    select * from counted
    where other_values > max_values
),

-- The fullest window begins where some companion was last seen.
windows as (
    select
        many.identifier_type,
        many.identifier_value,
        many.seen_with,
        many.max_values,
        many.other_value
    from many
    inner join many as others
        on
            many.identifier_type = others.identifier_type
            and many.identifier_value = others.identifier_value
            and many.seen_with = others.seen_with
            and many.last_seen_at <= others.last_seen_at
            and {{ dbt.dateadd('day', 'many.window_days', 'many.last_seen_at') }}
            >= others.first_seen_at
    group by
        many.identifier_type,
        many.identifier_value,
        many.seen_with,
        many.max_values,
        many.other_value
    having count(*) > many.max_values
),

crowded as (
    select
        identifier_type,
        identifier_value,
        seen_with
    from many
    where window_days is null
    union all
    select
        identifier_type,
        identifier_value,
        seen_with
    from windows
)

select
    identifier_type,
    identifier_value,
    'seen_with_many: ' || min(seen_with) as rule
from crowded
group by identifier_type, identifier_value
