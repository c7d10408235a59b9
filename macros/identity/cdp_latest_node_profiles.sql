{#- One row per node: its last row in `history`, rows of the state idg_node_profiles. -#}
{% macro cdp_latest_node_profiles(history) -%}
with history as (
    {{ history }}
),

latest as (
    select
        node_id,
        max(run_number) as run_number
    from history
    group by node_id
)

select
    history.node_id,
    history.profile_number,
    history.is_present,
    history.run_number
from history
inner join latest
    on history.node_id = latest.node_id
    and history.run_number = latest.run_number
{%- endmacro %}
