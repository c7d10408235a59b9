-- One row per (node_id, limit_key): a node of which one profile may have no more than
-- max_per_profile under this key. Feeds idg_components and idg_match_links.

with edges as (
    select * from {{ ref('idg_edges') }}
),

limits as (
    select * from {{ cdp_reference('identifier_limits') }}
),

overrides as (
    select * from {{ ref('idg_overrides') }}
)

select distinct
    edges.node_id,
    'max_per_profile: ' || edges.identifier_type as limit_key,
    limits.max_per_profile,
    limits.priority
from edges
inner join limits on edges.identifier_type = limits.identifier_type
where limits.max_per_profile is not null
union all
select distinct
    edges.node_id,
    'exclusive: ' || edges.identifier_type || ' in ' || edges.source as limit_key,
    1 as max_per_profile,
    limits.priority
from edges
inner join limits on edges.identifier_type = limits.identifier_type
where limits.is_exclusive
union all
select distinct
    edges.node_id,
    'force_unlink: ' || overrides.override_id as limit_key,
    1 as max_per_profile,
    -1 as priority
from edges
inner join overrides on edges.node_id = overrides.node_id
where overrides.action = 'force_unlink'
