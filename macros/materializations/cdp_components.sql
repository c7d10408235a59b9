{#- Connected components that keep to limits. The model selects pairs: node_id and
    neighbour_id (its own for a node that may stand alone), the node's identifier_type,
    priority (1 is trusted most) and max_per_profile (null: no limit). The table gets
    node_id and component_id, the least node of the component. Built aside and put in
    place at the end: a run that fails publishes nothing. -#}
{% materialization cdp_components, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- do cdp_prepare_session() -%}
    {%- set pairs, components = cdp_helper('pairs'), cdp_helper('components') -%}
    {%- set broken, settled = cdp_helper('broken'), cdp_helper('settled') -%}
    {%- do cdp_create(pairs, sql) -%}
    {%- do cdp_find_components(pairs, components) -%}
    {%- do cdp_create(broken, cdp_broken_components(pairs, components)) -%}
    {%- do cdp_settle_components(pairs, components, broken, settled) -%}
    {%- do adapter.drop_relation(target_relation) -%}
    {% call statement('main') -%}
        {{ create_table_as(False, target_relation, cdp_whole_and_settled(components, broken, settled)) }}
    {%- endcall %}
    {%- for helper in [pairs, components, broken, settled] -%}
        {%- do adapter.drop_relation(helper) -%}
    {%- endfor -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- A table beside the model's own, for the length of the materialization. -#}
{% macro cdp_helper(name) -%}
    {{ return(this.incorporate(path={'identifier': this.identifier ~ '__' ~ name}, type='table')) }}
{%- endmacro %}

{#- (Re)make a helper table; the planner gets to know its size. -#}
{% macro cdp_create(relation, sql) -%}
    {%- do adapter.drop_relation(relation) -%}
    {%- do run_query(create_table_as(False, relation, sql)) -%}
    {%- do cdp_analyse(relation) -%}
{%- endmacro %}
