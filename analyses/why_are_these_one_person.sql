-- Why are these two records one person, or why not? Compile with
--   dbt compile -s why_are_these_one_person --vars '{one: "a:1", other: "b:2"}'
-- (each source:record_id) and run the SQL: one row per value on a shortest chain
-- between the two, step by step; or, when they are apart, per value that both people
-- have, with the rule that refused it. No row: nothing in common. The command explain
-- of cdp identity says more: likeness, overrides, other ways to name somebody.

{%- set sides = {'one': var('one', ''), 'other': var('other', '')} %}

with recursive identity_map as (
    select * from {{ ref('cdp_identity_map') }}
),

identifiers as (
    select * from {{ ref('idg_identifiers') }}
    where identifier_type <> 'record'
),

rejected as (
    select * from {{ ref('idg_edges_rejected') }}
),

asked as (
    {%- for side, key in sides.items() %}
    select
        '{{ side }}' as side,
        profile_id
    from identity_map
    where source || ':' || record_id = {{ dbt.string_literal(key) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- All that the one or two people carry, and whether it links.
carried as (
    select
        asked.side,
        identifiers.source || ':' || identifiers.record_id as record_key,
        identifiers.identifier_type || '=' || identifiers.identifier_value as value_key,
        identifiers.first_seen_at,
        rejected.rule
    from asked
    inner join identity_map on asked.profile_id = identity_map.profile_id
    inner join identifiers
        on
            identity_map.source = identifiers.source
            and identity_map.record_id = identifiers.record_id
    left join rejected
        on
            identifiers.source = rejected.source
            and identifiers.record_id = rejected.record_id
            and identifiers.identifier_type = rejected.identifier_type
),

steps as (
    select distinct
        here.record_key,
        there.record_key as next_key
    from carried as here
    inner join carried as there
        on
            here.side = there.side
            and here.value_key = there.value_key
            and here.record_key <> there.record_key
    where here.side = 'one' and here.rule is null and there.rule is null
),

-- Breadth first from either side; nobody is more than twenty steps from another.
walk as (
    {%- for side, key in sides.items() %}
    select
        '{{ side }}' as side,
        cast({{ dbt.string_literal(key) }} as {{ cdp_type('text') }}) as record_key,
        0 as distance
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    union
    select
        walk.side,
        steps.next_key as record_key,
        walk.distance + 1 as distance
    from walk
    inner join steps on walk.record_key = steps.record_key
    where walk.distance < 20
),

distances as (
    select
        side,
        record_key,
        min(distance) as distance
    from walk
    group by side, record_key
),

between_the_two as (
    select
        one.record_key,
        one.distance,
        min(one.distance + other.distance) over () as shortest,
        one.distance + other.distance as length_here
    from distances as one
    inner join distances as other on one.record_key = other.record_key
    where one.side = 'one' and other.side = 'other'
),

chain as (
    select
        record_key,
        distance
    from between_the_two
    where length_here = shortest
),

links as (
    select
        chain.distance + 1 as step,
        here.value_key,
        chain.record_key as one_record,
        next_links.record_key as other_record,
        here.first_seen_at as one_first_seen_at,
        there.first_seen_at as other_first_seen_at,
        'links' as role
    from chain
    inner join chain as next_links on chain.distance + 1 = next_links.distance
    inner join carried as here
        on
            chain.record_key = here.record_key
            and here.side = 'one'
            and here.rule is null
    inner join carried as there
        on
            next_links.record_key = there.record_key
            and there.side = 'one'
            and there.rule is null
            and here.value_key = there.value_key
),

refusals as (
    select
        cast(null as {{ cdp_type('integer') }}) as step,
        one.value_key,
        min(one.record_key) as one_record,
        min(other.record_key) as other_record,
        min(one.first_seen_at) as one_first_seen_at,
        min(other.first_seen_at) as other_first_seen_at,
        'refused: ' || min(coalesce(one.rule, other.rule)) as role
    from carried as one
    inner join carried as other on one.value_key = other.value_key
    where
        one.side = 'one'
        and other.side = 'other'
        and (select count(distinct asked.profile_id) from asked) = 2
    group by one.value_key
)

select * from links
union all
select * from refusals
where not exists (select 1 from links)
order by step, value_key
