{#- Grows clusters type by type, the most trusted first, and refuses the values by which a
    cluster would come to hold more than a limit allows: at a level the values that bridge
    the conflict, then, if one cluster's own values are too many, those. What else they
    have beside them stays. Two cuts are enough at every level (cdp_bridging_values).

    Reads `links` (a select of node_id, neighbour_id, level), `limits` and `refused`, to
    which it adds. Makes `clusters`: node_id, component_id; refused nodes are not in it. -#}
{% macro cdp_grow_clusters(links, limits, clusters, refused) -%}
    {%- set growth = {
        'links': '(' ~ links ~ ')', 'limits': limits, 'refused': refused,
        'tried': cdp_helper('tried'), 'grown': cdp_helper('grown'),
        'broken': cdp_helper('broken_limits'),
    } -%}
    {%- set state = namespace(old=cdp_helper('clusters_0'), new=cdp_helper('clusters_1')) -%}
    {%- do cdp_create(state.old, cdp_single_nodes(growth)) -%}
    {%- set levels = run_query('select distinct level from ' ~ growth.links ~ ' as links') -%}
    {%- for level in levels.columns[0].values() | sort -%}
        {%- do growth.update(level=level, old=state.old, new=state.new) -%}
        {%- set broken = cdp_try_level(growth) -%}
        {%- if broken -%}
            {%- do cdp_refuse_bridging_values(growth) -%}
            {%- set still_broken = cdp_try_level(growth) -%}
            {%- if still_broken -%}
                {%- do cdp_refuse(growth, cdp_surplus_values(growth)) -%}
                {%- do cdp_try_level(growth) -%}
            {%- endif -%}
        {%- endif -%}
        {%- set state.old, state.new = state.new, state.old -%}
    {%- endfor -%}
    {%- do cdp_create(clusters, 'select * from ' ~ state.old) -%}
    {%- for helper in [
        growth.tried, growth.grown, growth.broken, state.old, state.new
    ] -%}
        {%- do adapter.drop_relation(helper) -%}
    {%- endfor -%}
{%- endmacro %}

{#- Link what the level's values link; returns how many limits that breaks. -#}
{% macro cdp_try_level(growth) -%}
    {%- do cdp_create(growth.tried, cdp_links_between_clusters(growth)) -%}
    {%- do cdp_find_components(growth.tried, growth.grown) -%}
    {%- do cdp_create(growth.new, cdp_clusters_after(growth)) -%}
    {%- do cdp_create(growth.broken, cdp_broken_limits(growth)) -%}
    {{ return(run_query('select count(*) from ' ~ growth.broken)[0][0]) }}
{%- endmacro %}

{% macro cdp_refuse(growth, values) -%}
    {%- do run_query('insert into ' ~ growth.refused ~ ' (node_id, limit_key) ' ~ values) -%}
{%- endmacro %}

{% macro cdp_single_nodes(growth) -%}
    select distinct
        links.node_id,
        links.node_id as component_id
    from {{ growth.links }} as links
    left join {{ growth.refused }} as refused on links.node_id = refused.node_id
    where refused.node_id is null
{%- endmacro %}

{#- The level's pairs as pairs of clusters, each in both directions. A value is a cluster
    of its own until its level comes. -#}
{% macro cdp_links_between_clusters(growth) -%}
    with level_links as (
        select
            one.component_id as one_id,
            other.component_id as other_id
        from {{ growth.links }} as links
        inner join {{ growth.old }} as one on links.node_id = one.node_id
        inner join {{ growth.old }} as other on links.neighbour_id = other.node_id
        left join {{ growth.refused }} as refused on links.node_id = refused.node_id
        left join {{ growth.refused }} as refused_neighbours
            on links.neighbour_id = refused_neighbours.node_id
        where links.level = {{ growth.level }}
            and one.component_id <> other.component_id
            and refused.node_id is null
            and refused_neighbours.node_id is null
    )

    select one_id as node_id, other_id as neighbour_id from level_links
    union
    select other_id as node_id, one_id as neighbour_id from level_links
{%- endmacro %}

{% macro cdp_clusters_after(growth) -%}
    select
        old.node_id,
        coalesce(grown.component_id, old.component_id) as component_id
    from {{ growth.old }} as old
    left join {{ growth.grown }} as grown on old.component_id = grown.node_id
    left join {{ growth.refused }} as refused on old.node_id = refused.node_id
    where refused.node_id is null
{%- endmacro %}

{% macro cdp_broken_limits(growth) -%}
    select
        clusters.component_id,
        limits.limit_key
    from {{ growth.limits }} as limits
    inner join {{ growth.new }} as clusters on limits.node_id = clusters.node_id
    group by clusters.component_id, limits.limit_key, limits.max_per_profile
    having count(*) > limits.max_per_profile
{%- endmacro %}
