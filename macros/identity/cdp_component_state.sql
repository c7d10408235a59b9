{#- What cdp_components keeps from run to run, in tables beside the model's own:

      nodes     node_id, raw_id: the component that the node was placed in. Rows are added,
                and go only when a component loses a link.
      roots     raw_id, root_id: what that component has been merged into, in one hop;
                merging a giant writes a row or two.
      settled   whole_id, node_id, component_id, limit_key: the nodes of components that
                broke a limit; component_id null and limit_key say that a node is refused.
      versions  version, shape: the log was read up to there, by code of this shape.

    Nobody else reads them: the model's view says who is where, cdp_refused_nodes who is
    refused. -#}
{% macro cdp_component_state(table) -%}
    {{ return(cdp_helper(table)) }}
{%- endmacro %}

{#- Raise it when the tables or the views over them change: all is then made anew. -#}
{% macro cdp_component_shape() -%}
    {{ return(1) }}
{%- endmacro %}

{% macro cdp_component_columns() -%}
    {{ return({
        'nodes': {'node_id': 'integer', 'raw_id': 'integer'},
        'roots': {'raw_id': 'integer', 'root_id': 'integer'},
        'settled': {
            'whole_id': 'integer', 'node_id': 'integer', 'component_id': 'integer',
            'limit_key': 'text',
        },
        'versions': {'version': 'integer', 'shape': 'integer'},
    }) }}
{%- endmacro %}

{#- The version that the state stands at; none when it is not whole, or not of this log. -#}
{% macro cdp_known_version(log) -%}
    {%- set is_whole = namespace(value=load_cached_relation(this).is_view) -%}
    {%- for table in cdp_component_columns() -%}
        {%- if not load_cached_relation(cdp_component_state(table)) -%}
            {%- set is_whole.value = false -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not is_whole.value -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set version = run_query(
        'select max(version) from ' ~ cdp_component_state('versions')
        ~ ' where shape = ' ~ cdp_component_shape()
    )[0][0] -%}
    {%- if version is none or not run_query(cdp_one_row_of(log, version)) -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(version) }}
{%- endmacro %}

{% macro cdp_one_row_of(log, version) -%}
    select 1 as one
    from ({{ log }}) as log
    where version = {{ version }}
    limit 1
{%- endmacro %}

{% macro cdp_create_component_state(view) -%}
    {%- for table, columns in cdp_component_columns().items() -%}
        {%- set relation = cdp_component_state(table) -%}
        {%- do adapter.drop_relation(relation) -%}
        {%- do run_query(cdp_empty_table(relation, columns)) -%}
    {%- endfor -%}
    {%- set refused = cdp_refused_nodes(this) -%}
    {%- for old in [load_cached_relation(view), load_cached_relation(refused)] if old -%}
        {%- do adapter.drop_relation(old) -%}
    {%- endfor -%}
    {%- do run_query(get_create_view_as_sql(view, cdp_components_kept())) -%}
    {%- do run_query(get_create_view_as_sql(refused, cdp_nodes_refused())) -%}
{%- endmacro %}

{% macro cdp_empty_table(relation, columns) -%}
    create table {{ relation }} (
        {%- for column, type in columns.items() %}
        {{ column }} {{ cdp_type(type) }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- Components that keep to their limits as a whole, and what became of the others. -#}
{% macro cdp_components_kept() -%}
    with whole as (
        select
            nodes.node_id,
            coalesce(roots.root_id, nodes.raw_id) as component_id
        from {{ cdp_component_state('nodes') }} as nodes
        left join {{ cdp_component_state('roots') }} as roots
            on nodes.raw_id = roots.raw_id
    ),

    broken as (
        select distinct whole_id from {{ cdp_component_state('settled') }}
    )

    select
        whole.node_id,
        whole.component_id
    from whole
    left join broken on whole.component_id = broken.whole_id
    where broken.whole_id is null
    union all
    select
        node_id,
        component_id
    from {{ cdp_component_state('settled') }}
    where component_id is not null
{%- endmacro %}

{% macro cdp_nodes_refused() -%}
    select
        node_id,
        limit_key
    from {{ cdp_component_state('settled') }}
    where component_id is null
{%- endmacro %}

{#- The nodes that a model of this kind refused: node_id, limit_key. -#}
{% macro cdp_refused_nodes(relation) -%}
    {{ return(relation.incorporate(
        path={'identifier': relation.identifier ~ '__refused'}, type='view'
    )) }}
{%- endmacro %}

{#- Puts what cdp_place_nodes and cdp_hold_to_limits have found into the state. -#}
{% macro cdp_update_component_state(version, has_losses) -%}
    {%- set nodes, roots = cdp_component_state('nodes'), cdp_component_state('roots') -%}
    {%- set settled = cdp_component_state('settled') -%}
    {%- set loose, placed, parts = cdp_helper('loose'), cdp_helper('placed'), cdp_helper('parts') -%}
    {%- if has_losses and version is not none -%}
        {%- do run_query(
            'delete from ' ~ nodes ~ ' where node_id in (select node_id from ' ~ loose ~ ')'
        ) -%}
        {%- do run_query(
            'delete from ' ~ roots ~ ' where root_id in (select root_id from ' ~ loose ~ ')'
        ) -%}
    {%- endif -%}
    {%- do run_query('insert into ' ~ nodes ~ ' ' ~ cdp_nodes_to_add(placed, version)) -%}
    {%- if version is none -%}
        {%- do cdp_analyse(nodes) -%}
    {%- else -%}
        {%- do run_query('insert into ' ~ roots ~ ' ' ~ cdp_roots_to_add(roots, placed)) -%}
        {%- do run_query(
            'delete from ' ~ roots ~ ' where root_id in (' ~ cdp_roots_merged(placed) ~ ')'
        ) -%}
        {%- do run_query(
            'delete from ' ~ settled ~ ' where whole_id in ('
            ~ cdp_roots_touched(placed, loose) ~ ')'
        ) -%}
    {%- endif -%}
    {%- do run_query('insert into ' ~ settled ~ ' select * from ' ~ parts) -%}
    {%- for helper in [placed, parts] + ([loose] if version is not none else []) -%}
        {%- do adapter.drop_relation(helper) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro cdp_nodes_to_add(placed, version) -%}
    select
        node_id,
        component_id as raw_id
    from {{ placed }}
    {%- if version is not none %}
    where not is_root
    {%- endif %}
{%- endmacro %}

{#- A merged root, and all that was merged into it before, point to the new root. -#}
{% macro cdp_roots_to_add(roots, placed) -%}
    select
        roots.raw_id,
        placed.component_id as root_id
    from {{ roots }} as roots
    inner join {{ placed }} as placed on roots.root_id = placed.node_id
    where placed.is_root and placed.node_id <> placed.component_id
    union all
    select
        node_id as raw_id,
        component_id as root_id
    from {{ placed }}
    where is_root and node_id <> component_id
{%- endmacro %}

{% macro cdp_roots_merged(placed) -%}
    select node_id from {{ placed }} where is_root and node_id <> component_id
{%- endmacro %}

{% macro cdp_roots_touched(placed, loose) -%}
    select node_id from {{ placed }} where is_root
    union all
    select root_id from {{ loose }}
{%- endmacro %}

{% macro cdp_remember_version(version) -%}
    {%- if version is none -%}
        select 1
    {%- else -%}
        insert into {{ cdp_component_state('versions') }}
        select {{ version }} as version, {{ cdp_component_shape() }} as shape
    {%- endif -%}
{%- endmacro %}
