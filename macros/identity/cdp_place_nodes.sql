{#- Where the nodes of new links belong. `placed` gets node_id, component_id and is_root: a
    node to add, or a root of the state that stands for its whole component. `loose` gets
    the nodes of components that lost a link, with their root: they are placed again, from
    the links that are left. Found by contracting the little graph of roots, new nodes and
    loose nodes; nothing is read but the log's new rows, and of the nodes those looked up. -#}
{% macro cdp_place_nodes(log, version, has_losses) -%}
    {%- set placed = cdp_helper('placed') -%}
    {%- if version is none -%}
        {%- do cdp_find_components(cdp_links_there(log, has_losses), placed, has_loops=true) -%}
    {%- else -%}
        {%- set news, located = cdp_helper('news'), cdp_helper('located') -%}
        {%- set loose, graph, merged = cdp_helper('loose'), cdp_helper('graph'), cdp_helper('merged') -%}
        {%- do cdp_create(news, cdp_new_links(log, version)) -%}
        {%- do cdp_create(located, cdp_located_nodes(news)) -%}
        {%- do cdp_create(loose, cdp_loose_nodes(news, located, has_losses)) -%}
        {%- do cdp_create(graph, cdp_graph_of_roots(log, news, located, loose, has_losses)) -%}
        {%- do cdp_find_components(graph, merged, has_loops=true) -%}
        {%- do cdp_create(placed, cdp_placed_nodes(merged, located, loose)) -%}
        {%- for helper in [news, located, graph, merged] -%}
            {%- do adapter.drop_relation(helper) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- The last of the versions after `version` (none: of all), and the least change in them. -#}
{% macro cdp_what_is_new(log, version) -%}
    select
        max(version) as version,
        min(change) as least_change
    from ({{ log }}) as log
    {%- if version is not none %}
    where version > {{ version }}
    {%- endif %}
{%- endmacro %}

{#- All links and limits that are there, as a relation to select from. -#}
{% macro cdp_links_there(log, has_losses) -%}
    {%- set columns = 'node_id, neighbour_id, priority, limit_key, max_per_profile' -%}
    (
        select {{ columns }}
        from ({{ log }}) as log
        {%- if has_losses %}
        group by {{ columns }}
        having sum(change) > 0
        {%- endif %}
    )
{%- endmacro %}

{% macro cdp_new_links(log, version) -%}
    {%- set columns = 'node_id, neighbour_id, priority, limit_key, max_per_profile' -%}
    select
        {{ columns }},
        sum(change) as change
    from ({{ log }}) as log
    where version > {{ version }}
    group by {{ columns }}
    having sum(change) <> 0
{%- endmacro %}

{#- The nodes of news that the state knows, with their root. -#}
{% macro cdp_located_nodes(news) -%}
    with ends as (
        select node_id from {{ news }}
        union
        select neighbour_id as node_id from {{ news }}
    ),

    known as (
        select
            nodes.node_id,
            nodes.raw_id
        from {{ cdp_component_state('nodes') }} as nodes
        inner join ends on nodes.node_id = ends.node_id
    )

    select
        known.node_id,
        coalesce(roots.root_id, known.raw_id) as root_id
    from known
    left join {{ cdp_component_state('roots') }} as roots on known.raw_id = roots.raw_id
{%- endmacro %}

{#- A link whose priority alone changed is not lost. -#}
{% macro cdp_loose_nodes(news, located, has_losses) -%}
    {%- if not has_losses -%}
    select
        node_id,
        root_id
    from {{ located }}
    where false
    {%- else -%}
    with lost_links as (
        select node_id
        from {{ news }}
        group by node_id, neighbour_id
        having sum(change) < 0
    ),

    torn_roots as (
        select distinct located.root_id
        from lost_links
        inner join {{ located }} as located on lost_links.node_id = located.node_id
    ),

    torn_raws as (
        select
            root_id as raw_id,
            root_id
        from torn_roots
        union all
        select
            roots.raw_id,
            roots.root_id
        from {{ cdp_component_state('roots') }} as roots
        inner join torn_roots on roots.root_id = torn_roots.root_id
    )

    select
        nodes.node_id,
        torn_raws.root_id
    from {{ cdp_component_state('nodes') }} as nodes
    inner join torn_raws on nodes.raw_id = torn_raws.raw_id
    {%- endif -%}
{%- endmacro %}

{#- New links, and those that loose nodes still have, between what stands for their ends:
    the root of a component that stays, else the node itself. -#}
{% macro cdp_graph_of_roots(log, news, located, loose, has_losses) -%}
    with links as (
        select
            node_id,
            neighbour_id
        from {{ news }}
        where change > 0
        {%- if has_losses %}
        union all
        select
            log.node_id,
            log.neighbour_id
        from ({{ log }}) as log
        inner join {{ loose }} as loose on log.node_id = loose.node_id
        group by log.node_id, log.neighbour_id
        having sum(log.change) > 0
        {%- endif %}
    ),

    anchored as (
        {{ cdp_anchored_nodes(located, loose) }}
    ),

    contracted as (
        select
            coalesce(one.root_id, links.node_id) as node_id,
            coalesce(other.root_id, links.neighbour_id) as neighbour_id
        from links
        left join anchored as one on links.node_id = one.node_id
        left join anchored as other on links.neighbour_id = other.node_id
    )

    select
        node_id,
        neighbour_id
    from contracted
    union all
    select
        neighbour_id as node_id,
        neighbour_id
    from contracted
{%- endmacro %}

{% macro cdp_anchored_nodes(located, loose) -%}
    select
        located.node_id,
        located.root_id
    from {{ located }} as located
    left join {{ loose }} as loose on located.node_id = loose.node_id
    where loose.node_id is null
{%- endmacro %}

{% macro cdp_placed_nodes(merged, located, loose) -%}
    with anchored as (
        {{ cdp_anchored_nodes(located, loose) }}
    ),

    roots as (
        select distinct root_id from anchored
    )

    select
        merged.node_id,
        merged.component_id,
        roots.root_id is not null as is_root
    from {{ merged }} as merged
    left join roots on merged.node_id = roots.root_id
{%- endmacro %}
