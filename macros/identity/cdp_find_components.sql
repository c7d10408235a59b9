{#- Randomised contraction (Bögeholz, Brand, Todor: In-database connected component
    analysis, arXiv 1802.09478). Each round renames the nodes by a random permutation,
    h(x) = (a x + b) mod p, lets every node take the least name around it, and draws the
    graph anew between the names taken. Nodes go by a constant share in each, whatever the
    shape: chains of sorted ids, on which propagation crawls, end as fast as stars.

    Before the rounds every node is let go for the least of its neighbours, which are then
    each other's: in a graph of stars only what lies between them is left.

    Reads `pairs` (node_id, neighbour_id), node ids in 0 … p - 1. Makes `components`:
    node_id, component_id (the least node of its component). `has_loops`: each neighbour
    has a row with itself already; else they are added. -#}
{% macro cdp_find_components(pairs, components, has_loops=false) -%}
    {%- set prime, most_rounds = 2147483647, 60 -%}
    {%- set state = namespace(draw=48271, rounds=[], edges=0) -%}
    {%- set stars, graph = cdp_helper('stars'), cdp_helper('graph_0') -%}
    {%- do cdp_create(stars, cdp_contraction_stars(pairs, has_loops)) -%}
    {%- do cdp_create(graph, cdp_contraction_start(pairs, stars, has_loops)) -%}
    {%- set state.edges = run_query('select count(*) from ' ~ graph)[0][0] -%}
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
    {%- do cdp_create(components, cdp_contraction_components(stars, state.rounds)) -%}
    {%- for helper in state.rounds + [stars, cdp_helper('graph_0'), cdp_helper('graph_1')] -%}
        {%- do adapter.drop_relation(helper) -%}
    {%- endfor -%}
{%- endmacro %}

{#- Each node with the least and the greatest of its neighbours. -#}
{% macro cdp_contraction_stars(pairs, has_loops) -%}
    select
        node_id,
        min(neighbour_id) as name,
        max(neighbour_id) as last_neighbour
    from {{ cdp_contraction_pairs(pairs, has_loops) }}
    group by node_id
{%- endmacro %}

{% macro cdp_contraction_start(pairs, stars, has_loops) -%}
    select distinct
        stars.name as left_node,
        pairs.neighbour_id as right_node
    from {{ cdp_contraction_pairs(pairs, has_loops) }}
    inner join {{ stars }} as stars on pairs.node_id = stars.node_id
    where stars.name < stars.last_neighbour and stars.name < pairs.neighbour_id
{%- endmacro %}

{% macro cdp_contraction_pairs(pairs, has_loops) -%}
    {%- if has_loops -%}
    {{ pairs }} as pairs
    {%- else -%}
    (
        select node_id, neighbour_id from {{ pairs }} as pairs
        union all
        select neighbour_id as node_id, neighbour_id from {{ pairs }} as pairs
    ) as pairs
    {%- endif -%}
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

{#- Follows each node through its names, from the last round back: two with one last name,
    taken in one round, are connected. -#}
{% macro cdp_contraction_components(stars, rounds) -%}
    with
    {%- for names in rounds | reverse %}
    labels_{{ loop.revindex }} as (
        select
            names.node_id,
            {%- if loop.first %}
            names.name * 64 + {{ loop.revindex }} as label
            {%- else %}
            coalesce(later.label, names.name * 64 + {{ loop.revindex }}) as label
            {%- endif %}
        from {{ names }} as names
        {%- if not loop.first %}
        left join labels_{{ loop.revindex + 1 }} as later on names.name = later.node_id
        {%- endif %}
    ),
    {% endfor %}
    labels as (
        select
            stars.node_id,
            {%- if rounds %}
            coalesce(later.label, stars.name * 64) as label
            {%- else %}
            stars.name * 64 as label
            {%- endif %}
        from {{ stars }} as stars
        {%- if rounds %}
        left join labels_1 as later on stars.name = later.node_id
        {%- endif %}
    ),

    anchors as (
        select
            label,
            min(node_id) as component_id
        from labels
        group by label
    )

    select
        labels.node_id,
        anchors.component_id
    from labels
    inner join anchors on labels.label = anchors.label
{%- endmacro %}
