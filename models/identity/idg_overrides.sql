-- One row per (override_id, side): the two sides of each link and parting by hand, with
-- their node; null where no input ever had it, so that the override does nothing.
-- Contradictory ones stop the run here, before anything is published.

{{ config(
    pre_hook="{{ cdp_check_overrides(cdp_reference('identity_overrides')) }}"
) }}

with overrides as (
    select * from {{ cdp_reference('identity_overrides') }}
),

nodes as (
    select * from {{ ref('idg_nodes') }}
),

sides as (
    {{ cdp_override_sides('overrides') | indent(4) }}
)

select
    sides.override_id,
    sides.action,
    sides.side,
    sides.identifier_type,
    sides.identifier_value,
    nodes.node_id
from sides
left join nodes
    on
        sides.identifier_type = nodes.identifier_type
        and sides.identifier_value = nodes.identifier_value
