{#- Rounds of mutual-best merges. Two clusters may merge when at least two thirds as many
    pairs as the smaller has records speak for it, all that is known weighs more for than
    against it, and together they hold no more of a limited type than a person may. Each
    takes its best neighbour by weight a possible pair; those that take each other merge;
    ties go to the least id. A record that could be either of two people stays alone.
    Every round but the last merges the best pair of those left, so that it ends; the order
    of rows makes no difference.

    Reads `links` (see cdp_guarded_merge). Makes `clusters`: component_id, cluster_id. -#}
{% macro cdp_merge_clusters(links, clusters) -%}
    {%- set most_rounds = 200 -%}
    {%- set state = namespace(merges=1, round=0) -%}
    {%- set merges, graphs = cdp_helper('merges'), [cdp_helper('graph_0'), cdp_helper('graph_1')] -%}
    {%- set labels = [cdp_helper('labels_0'), cdp_helper('labels_1')] -%}
    {%- do cdp_create(graphs[0], 'select * from ' ~ links) -%}
    {%- do cdp_create(labels[0], cdp_merge_start(links)) -%}
    {%- for number in range(most_rounds) if state.merges -%}
        {%- set old, new = number % 2, (number + 1) % 2 -%}
        {%- do cdp_create(merges, cdp_mutual_best(graphs[old])) -%}
        {%- set state.merges = run_query('select count(*) from ' ~ merges)[0][0] -%}
        {%- do cdp_create(graphs[new], cdp_merged_graph(graphs[old], merges)) -%}
        {%- do cdp_create(labels[new], cdp_merged_labels(labels[old], merges)) -%}
        {%- set state.round = number + 1 -%}
        {%- do log(this.identifier ~ ' round ' ~ number ~ ': merges=' ~ state.merges) -%}
    {%- endfor -%}
    {%- if state.merges -%}
        {{ exceptions.raise_compiler_error(
            this.identifier ~ " did not settle in " ~ most_rounds ~ " rounds; nothing was "
            ~ "published. Raise the least weight of a pair in idg_match_links."
        ) }}
    {%- endif -%}
    {%- do cdp_create(clusters, 'select * from ' ~ labels[state.round % 2]) -%}
    {%- for helper in graphs + labels + [merges] -%}
        {%- do adapter.drop_relation(helper) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro cdp_merge_start(links) -%}
    select distinct
        one_id as component_id,
        one_id as cluster_id
    from {{ links }}
    where one_id = other_id
{%- endmacro %}

{#- Pairs of clusters that take each other: lesser_id, greater_id. -#}
{% macro cdp_mutual_best(graph) -%}
    with holdings as (
        select one_id as cluster_id, held_type, amount, most
        from {{ graph }}
        where one_id = other_id
    ),

    sizes as (
        select cluster_id, amount as records from holdings where held_type = 'record'
    ),

    supported as (
        select
            graph.one_id,
            graph.other_id,
            graph.weight / (one.records * other.records) as score
        from {{ graph }} as graph
        inner join sizes as one on graph.one_id = one.cluster_id
        inner join sizes as other on graph.other_id = other.cluster_id
        where graph.one_id < graph.other_id
            and graph.weight > 0
            and graph.amount >= 0.67 * least(one.records, other.records)
    ),

    conflicts as (
        select distinct supported.one_id, supported.other_id
        from supported
        inner join holdings as one on supported.one_id = one.cluster_id
        inner join holdings as other
            on supported.other_id = other.cluster_id
            and one.held_type = other.held_type
        where one.amount + other.amount > one.most
    ),

    allowed as (
        select supported.*
        from supported
        left join conflicts
            on supported.one_id = conflicts.one_id
            and supported.other_id = conflicts.other_id
        where conflicts.one_id is null
    ),

    neighbours as (
        select one_id as cluster_id, other_id as neighbour_id, score from allowed
        union all
        select other_id as cluster_id, one_id as neighbour_id, score from allowed
    ),

    ranked as (
        {{ cdp_by_preference('neighbours') | indent(4) }}
    ),

    -- A record as close, within two bits, to one as to another who is somebody else; from
    -- twelve bits on there is no doubt.
    torn as (
        select first_choice.cluster_id
        from ranked as first_choice
        inner join ranked as second_choice
            on first_choice.cluster_id = second_choice.cluster_id
            and second_choice.preference = 2
        inner join sizes on first_choice.cluster_id = sizes.cluster_id
        inner join {{ graph }} as graph
            on least(first_choice.neighbour_id, second_choice.neighbour_id) = graph.one_id
            and greatest(first_choice.neighbour_id, second_choice.neighbour_id) = graph.other_id
        where first_choice.preference = 1
            and sizes.records = 1
            and first_choice.score < 12
            and first_choice.score - second_choice.score <= 2
            and graph.weight < 0
    ),

    decided as (
        select neighbours.*
        from neighbours
        left join torn on neighbours.cluster_id = torn.cluster_id
        left join torn as torn_neighbours
            on neighbours.neighbour_id = torn_neighbours.cluster_id
        where torn.cluster_id is null and torn_neighbours.cluster_id is null
    ),

    ranked_decided as (
        {{ cdp_by_preference('decided') | indent(4) }}
    ),

    best as (
        select cluster_id, neighbour_id from ranked_decided where preference = 1
    )

    select
        best.cluster_id as lesser_id,
        best.neighbour_id as greater_id
    from best
    inner join best as other_best
        on best.neighbour_id = other_best.cluster_id
        and best.cluster_id = other_best.neighbour_id
    where best.cluster_id < best.neighbour_id
{%- endmacro %}

{% macro cdp_by_preference(neighbours) -%}
    select
        *,
        row_number() over (
            partition by cluster_id order by score desc, neighbour_id
        ) as preference
    from {{ neighbours }}
{%- endmacro %}

{#- The graph between the clusters after the merges; what was between two that merged is
    settled and goes. -#}
{% macro cdp_merged_graph(graph, merges) -%}
    with relabelled as (
        select
            coalesce(one.lesser_id, graph.one_id) as one_id,
            coalesce(other.lesser_id, graph.other_id) as other_id,
            graph.held_type,
            graph.amount,
            graph.most,
            graph.weight
        from {{ graph }} as graph
        left join {{ merges }} as one on graph.one_id = one.greater_id
        left join {{ merges }} as other on graph.other_id = other.greater_id
    )

    select
        least(one_id, other_id) as one_id,
        greatest(one_id, other_id) as other_id,
        held_type,
        most,
        sum(amount) as amount,
        sum(weight) as weight
    from relabelled
    where one_id <> other_id or held_type is not null
    group by 1, 2, 3, 4
{%- endmacro %}

{% macro cdp_merged_labels(labels, merges) -%}
    select
        labels.component_id,
        coalesce(merges.lesser_id, labels.cluster_id) as cluster_id
    from {{ labels }} as labels
    left join {{ merges }} as merges on labels.cluster_id = merges.greater_id
{%- endmacro %}
