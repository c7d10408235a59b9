-- One row per profile of earlier runs that still has nodes: the component it chose, the
-- one with most of its nodes (a tie: the one with its least node), and the survivor
-- there: the oldest profile that chose it, which is the one with the lowest number.
-- Feeds idg_assignments, idg_node_profiles.

with components as (
    select * from {{ ref('idg_components') }}
),

previous as (
    select * from {{ ref('idg_previous_profiles') }}
),

common_nodes as (
    select
        previous.profile_number,
        components.component_id,
        row_number() over (
            partition by previous.profile_number
            order by count(*) desc, min(components.node_id)
        ) as preference
    from components
    inner join previous on components.node_id = previous.node_id
    group by previous.profile_number, components.component_id
)

select
    profile_number,
    component_id,
    min(profile_number) over (partition by component_id) as survivor_number
from common_nodes
where preference = 1
