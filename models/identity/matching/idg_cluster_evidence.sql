-- One row per component_id that joined a person by likeness: the bits of the closest
-- pair of records between it and the rest of its cluster. A cluster's core, the
-- component with most records (a tie: the least), joined nobody and is not here.
-- Feeds cdp_identity_map.

{{ config(enabled=cdp_matches_people()) }}

with clusters as (
    select * from {{ ref('idg_clusters') }}
),

components as (
    select * from {{ ref('idg_components') }}
),

weights as (
    select * from {{ ref('idg_match_weights') }}
    where not is_household
),

records as (
    select
        one_id as component_id,
        amount as records
    from {{ ref('idg_match_links') }}
    where one_id = other_id and held_type = 'record'
),

ranked as (
    select
        clusters.component_id,
        row_number() over (
            partition by clusters.cluster_id
            order by records.records desc, clusters.component_id
        ) as place
    from clusters
    inner join records on clusters.component_id = records.component_id
),

node_clusters as (
    select
        components.node_id,
        clusters.component_id,
        clusters.cluster_id
    from components
    inner join clusters on components.component_id = clusters.component_id
),

pairs as (
    select
        one.component_id as one_id,
        other.component_id as other_id,
        weights.weight
    from weights
    inner join node_clusters as one on weights.one_id = one.node_id
    inner join node_clusters as other on weights.other_id = other.node_id
    where
        one.cluster_id = other.cluster_id
        and least(one.component_id, other.component_id)
        < greatest(one.component_id, other.component_id)
),

sides as (
    select
        one_id as component_id,
        weight
    from pairs
    union all
    select
        other_id as component_id,
        weight
    from pairs
)

select
    ranked.component_id,
    max(sides.weight) as weight
from ranked
inner join sides on ranked.component_id = sides.component_id
where ranked.place > 1
group by ranked.component_id
