{#- Connected components. The model selects pairs (node_id, neighbour_id), a pair of a node
    with itself for one that may stand alone; the table gets one row per node with its
    component_id, the least node of its component. Built aside and put in place in one
    transaction: a run that fails publishes nothing. -#}
{% materialization cdp_components, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- do cdp_prepare_session() -%}
    {%- set pairs = cdp_helper('pairs') -%}
    {%- set labels = cdp_helper('labels') -%}
    {%- do cdp_create(pairs, sql) -%}
    {%- do cdp_label_components(pairs, labels) -%}
    {%- do adapter.drop_relation(target_relation) -%}
    {% call statement('main') -%}
        {{ create_table_as(False, target_relation, cdp_component_anchors(pairs, labels)) }}
    {%- endcall %}
    {%- do adapter.drop_relation(pairs) -%}
    {%- do adapter.drop_relation(labels) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- A table that lives for the length of the materialization. -#}
{% macro cdp_helper(name) -%}
    {{ return(this.incorporate(path={'identifier': this.identifier ~ '__' ~ name}, type='table')) }}
{%- endmacro %}

{#- (Re)make a helper table; the planner gets to know its size. -#}
{% macro cdp_create(relation, sql) -%}
    {%- do adapter.drop_relation(relation) -%}
    {%- do run_query(create_table_as(False, relation, sql)) -%}
    {%- do cdp_analyse(relation) -%}
{%- endmacro %}
