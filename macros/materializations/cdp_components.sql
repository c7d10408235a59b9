{#- Connected components that keep to limits. The model selects pairs and limits: node_id,
    neighbour_id, priority, limit_key, max_per_profile.

    A pair (limit_key null): the node is linked to a neighbour trusted at least as much, or
    to itself where it may stand alone; priority is the node's own (0: it is never refused;
    1 is trusted most), -1 for two linked by hand, whom no guard parts. A record's nodes
    are all paired with one another, since any may be refused; a star is enough around a
    node of priority 0.
    A limit (neighbour_id = node_id): one component has at most max_per_profile nodes with
    this limit_key. A node has one row a key; priority -1 is a limit set by hand.

    The table gets node_id and component_id, the least node of the component. A node that
    would break a limit is not in it; it is in the side table that cdp_refused_nodes reads.
    Built aside and put in place at the end: a run that fails publishes nothing. -#}
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
    {%- do cdp_settle_components(
        pairs, components, broken, settled, cdp_refused_nodes(this)
    ) -%}
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

{#- The nodes that a model of this kind refused: node_id, limit_key. -#}
{% macro cdp_refused_nodes(relation) -%}
    {{ return(relation.incorporate(
        path={'identifier': relation.identifier ~ '__refused'}, type='table'
    )) }}
{%- endmacro %}

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
