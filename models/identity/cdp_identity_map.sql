-- One row per (source, record_id): the profile of a person record, or of the identifier
-- set that facts carry (their identity_key). Facts that name nobody are not here.

{{ config(schema=none, access='public') }}

with edges as (
    select * from {{ ref('idg_edges') }}
),

profiles as (
    select * from {{ ref('idg_current_profiles') }}
    where is_present
),
{%- if cdp_matches_people() %}

components as (
    select * from {{ ref('idg_components') }}
),

evidence as (
    select * from {{ ref('idg_cluster_evidence') }}
),
{%- endif %}

-- All nodes of a record are one component: the least stands for them.
record_nodes as (
    select
        edges.source,
        edges.record_id,
        min(edges.node_id) as node_id,
        max(case when edges.identifier_type = 'record' then 1 else 0 end) as is_person
    from edges
    inner join profiles on edges.node_id = profiles.node_id
    group by edges.source, edges.record_id
)

select
    record_nodes.source,
    record_nodes.record_id,
    {{ cdp_profile_id('profiles.profile_number') }} as profile_id,
    record_nodes.is_person = 1 as is_person,
    {%- if cdp_matches_people() %}
    case when evidence.weight is null then 'exact' else 'probable' end as linked_by,
    evidence.weight
    {%- else %}
    cast('exact' as {{ cdp_type('text') }}) as linked_by,
    cast(null as {{ cdp_type('float') }}) as weight
    {%- endif %}
from record_nodes
inner join profiles on record_nodes.node_id = profiles.node_id
{%- if cdp_matches_people() %}
inner join components on record_nodes.node_id = components.node_id
left join evidence on components.component_id = evidence.component_id
{%- endif %}
