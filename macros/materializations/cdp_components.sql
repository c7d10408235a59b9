{#- Connected components that keep to limits, at the price of what changed. The model
    selects a log of changes: node_id, neighbour_id, priority, limit_key, max_per_profile,
    change (1: it came, -1: it went; they add up to what is there) and version.

    A link (limit_key null): the node is linked to a neighbour trusted at least as much, or
    to itself where it may stand alone; priority is the node's own (0: it is never refused;
    1 is trusted most), -1 for two linked by hand, whom no guard parts. A record's nodes
    are all paired with one another, since any may be refused; a star is enough around a
    node of priority 0. Whoever is a neighbour also has a row with itself.
    A limit (neighbour_id = node_id): one component has at most max_per_profile nodes with
    this limit_key. A node has one row a key; priority -1 is a limit set by hand.

    The view gets node_id and component_id, the least node of the component. A node that
    would break a limit is not in it; cdp_refused_nodes has it.

    What changed since the last version is placed aside (cdp_place_nodes), the components
    it touched are held to their limits, and all is put into the tables of
    cdp_component_state in one transaction: a run that dies leaves the last state whole,
    and the next one goes on from there. Where the state is not whole, or not of this log,
    all is placed anew: that is the same, on nothing. -#}
{% materialization cdp_components, default %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- do cdp_prepare_session() -%}
    {%- set state = namespace(version=none) -%}
    {%- if not should_full_refresh() -%}
        {%- set state.version = cdp_known_version(sql) -%}
    {%- endif -%}
    {%- set news = run_query(cdp_what_is_new(sql, state.version))[0] -%}
    {%- set version, has_news, has_losses = news[0], news[0] is not none, news[1] == -1 -%}
    {%- if has_news -%}
        {%- do cdp_place_nodes(sql, state.version, has_losses) -%}
        {%- do cdp_hold_to_limits(sql, state.version) -%}
    {%- endif -%}

    {% call statement('begin', auto_begin=True) -%}
        select 1
    {%- endcall %}
    {%- if state.version is none -%}
        {%- do cdp_create_component_state(target_relation) -%}
    {%- endif -%}
    {%- if has_news -%}
        {%- do cdp_update_component_state(state.version, has_losses) -%}
    {%- endif -%}
    {% call statement('main') -%}
        {{ cdp_remember_version(version) }}
    {%- endcall %}

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
