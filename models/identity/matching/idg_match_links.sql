-- One row per (one_id, other_id): two exact components and the evidence between them,
-- for and against; a component's own rows (one_id = other_id) count what it holds:
-- records, and nodes under a limit. Feeds idg_clusters.
-- A pair speaks for the two from two bits on. Against them none counts for more than
-- four bits: one spoilt record must not undo what the others say. Bits are summed as
-- decimals: a sum of floats depends on its order, in the last digits.

{{ config(enabled=cdp_matches_people()) }}

{%- set most_records = 200 %}

with weights as (
    select
        one_id,
        other_id,
        weight >= 2 and not is_household as is_for,
        case when is_household then -4 else greatest(weight, -4) end as weight
    from {{ ref('idg_match_weights') }}
),

components as (
    select * from {{ ref('idg_components') }}
),

limited_nodes as (
    select distinct
        node_id,
        identifier_type as limit_key,
        -- A person of more is a crowd.
        {{ most_records }} as max_per_profile
    from {{ ref('idg_edges') }}
    where identifier_type = 'record'
    union all
    select
        node_id,
        limit_key,
        max_per_profile
    from {{ ref('idg_limits') }}
),

links as (
    select
        least(one.component_id, other.component_id) as one_id,
        greatest(one.component_id, other.component_id) as other_id,
        sum(case when weights.is_for then 1 else 0 end) as pairs,
        cast(
            sum(cast(weights.weight as decimal(18, 6))) as {{ cdp_type('float') }}
        ) as weight
    from weights
    inner join components as one on weights.one_id = one.node_id
    inner join components as other on weights.other_id = other.node_id
    -- As two expressions, lest the planner pair all components that differ.
    where
        least(one.component_id, other.component_id)
        < greatest(one.component_id, other.component_id)
    group by
        least(one.component_id, other.component_id),
        greatest(one.component_id, other.component_id)
),

holdings as (
    select
        components.component_id,
        limited_nodes.limit_key,
        limited_nodes.max_per_profile,
        count(*) as held
    from components
    inner join limited_nodes on components.node_id = limited_nodes.node_id
    group by
        components.component_id,
        limited_nodes.limit_key,
        limited_nodes.max_per_profile
)

select
    one_id,
    other_id,
    cast(null as {{ cdp_type('text') }}) as held_type,
    pairs as amount,
    cast(null as {{ cdp_type('integer') }}) as most,
    weight
from links
union all
select
    component_id as one_id,
    component_id as other_id,
    limit_key as held_type,
    held as amount,
    max_per_profile as most,
    cast(0 as {{ cdp_type('float') }}) as weight
from holdings
