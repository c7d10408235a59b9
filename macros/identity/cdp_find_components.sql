{#- Randomised contraction (Bögeholz, Brand, Todor: In-database connected component
    analysis, arXiv 1802.09478). Each round renames the nodes by a random permutation,
    h(x) = (a x + b) mod p, lets every node take the least name around it, and draws the
    graph anew between the names taken. Nodes go by a constant share in each, whatever the
    shape: chains of sorted ids, on which propagation crawls, end as fast as stars.

    Reads `pairs` (node_id, neighbour_id), node ids in 0 … p - 1. Makes `components`:
    node_id, component_id (the least node of its component). -#}
{% macro cdp_find_components(pairs, components) -%}
    {%- set prime, most_rounds = 2147483647, 60 -%}
    {%- set state = namespace(draw=48271, rounds=[], edges=1) -%}
    {%- do cdp_create(cdp_helper('graph_0'), cdp_contraction_start(pairs)) -%}
    {%- for number in range(1, most_rounds + 1) -%}
        {%- if state.edges -%}
            {%- set a = state.draw -%}
            {%- set b = a * 48271 % prime -%}
            {%- set state.draw = b * 48271 % prime -%}
            {%- set graph = cdp_helper('graph_' ~ (number - 1) % 2) -%}
            {%- set smaller_graph = cdp_helper('graph_' ~ number % 2) -%}
            {%- set names = cdp_helper('names_' ~ number) -%}
            {%- do cdp_create(names, cdp_contraction_names(graph, a, b, prime)) -%}
            {%- do cdp_create(smaller_graph, cdp_contraction_graph(graph, names)) -%}
            {%- do state.rounds.append(names) -%}
            {%- set state.edges = run_query('select count(*) from ' ~ smaller_graph)[0][0] -%}
            {%- do log(
                this.identifier ~ ' round ' ~ number ~ ': a=' ~ a ~ ' b=' ~ b
                ~ ' edges_left=' ~ state.edges
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if state.edges -%}
        {{ exceptions.raise_compiler_error(
            this.identifier ~ " did not settle in " ~ most_rounds ~ " rounds; nothing was "
            ~ "published. Check that every node_id is below " ~ prime ~ "."
        ) }}
    {%- endif -%}
    {%- do cdp_create(components, cdp_contraction_components(pairs, state.rounds)) -%}
    {%- for helper in state.rounds + [cdp_helper('graph_0'), cdp_helper('graph_1')] -%}
        {%- do adapter.drop_relation(helper) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro cdp_contraction_start(pairs) -%}
    select distinct
        least(node_id, neighbour_id) as left_node,
        greatest(node_id, neighbour_id) as right_node
    from {{ pairs }} as pairs
    where node_id <> neighbour_id
{%- endmacro %}

{#- The least new name in each node's neighbourhood. -#}
{% macro cdp_contraction_names(graph, a, b, prime) -%}
    select
        node_id,
        least(
            (min(node_id) * {{ a }} + {{ b }}) % {{ prime }},
            min((neighbour_id * {{ a }} + {{ b }}) % {{ prime }})
        ) as name
    from (
        select left_node as node_id, right_node as neighbour_id from {{ graph }}
        union all
        select right_node as node_id, left_node as neighbour_id from {{ graph }}
    ) as neighbours
    group by node_id
{%- endmacro %}

{% macro cdp_contraction_graph(graph, names) -%}
    select distinct
        least(left_names.name, right_names.name) as left_node,
        greatest(left_names.name, right_names.name) as right_node
    from {{ graph }} as graph
    inner join {{ names }} as left_names on graph.left_node = left_names.node_id
    inner join {{ names }} as right_names on graph.right_node = right_names.node_id
    where left_names.name <> right_names.name
{%- endmacro %}

{#- Follows each node of `pairs` through its names: two with one last name, taken in one
    round, are connected. A node without neighbours is a component of its own. -#}
{% macro cdp_contraction_components(pairs, rounds) -%}
    with nodes as (
        select distinct node_id from {{ pairs }} as pairs
    ),

    labels as (
        select
            nodes.node_id,
            coalesce(
                {%- for _ in rounds %}
                names_{{ loop.revindex }}.name,
                {%- endfor %}
                nodes.node_id
            ) as label,
            case
                {%- for _ in rounds %}
                when names_{{ loop.revindex }}.node_id is not null then {{ loop.revindex }}
                {%- endfor %}
                else 0
            end as round
        from nodes
        {%- for names in rounds %}
        left join {{ names }} as names_{{ loop.index }}
            on {{ 'nodes.node_id' if loop.first else 'names_' ~ loop.index0 ~ '.name' }}
            = names_{{ loop.index }}.node_id
        {%- endfor %}
    ),

    anchors as (
        select
            label,
            round,
            min(node_id) as component_id
        from labels
        group by label, round
    )

    select
        labels.node_id,
        anchors.component_id
    from labels
    inner join anchors on labels.label = anchors.label and labels.round = anchors.round
{%- endmacro %}
