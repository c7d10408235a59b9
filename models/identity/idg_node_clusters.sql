-- One row per node_id that links: the cluster that is one person, named by its least
-- component. A component is a cluster of its own, unless records of several are alike
-- enough (idg_clusters). Feeds idg_profile_choices, idg_assignments, idg_node_profiles.

{{ config(materialized='view') }}

with components as (
    select * from {{ ref('idg_components') }}
)

{%- if cdp_matches_people() %},

clusters as (
    select * from {{ ref('idg_clusters') }}
)

select
    components.node_id,
    components.component_id,
    -- Facts that name no person record are in no cluster.
    coalesce(clusters.cluster_id, components.component_id) as cluster_id
from components
left join clusters on components.component_id = clusters.component_id
{%- else %}

select
    node_id,
    component_id,
    component_id as cluster_id
from components
{%- endif %}
