{#- Components that break a limit, grown again in order of trust: `settled` gets what stays
    together. Each type in turn, the most trusted first, links what it can; where that
    would break a limit, its values in that component do not link, and the next type goes
    on from there. Which rows come first makes no difference. -#}
{% macro cdp_settle_components(pairs, components, broken, settled) -%}
    {%- set disputed, kept, tried = cdp_helper('disputed'), cdp_helper('kept'), cdp_helper('tried') -%}
    {%- set grown, refused = cdp_helper('grown'), cdp_helper('refused') -%}
    {%- do cdp_create(disputed, cdp_pairs_of_broken(pairs, components, broken)) -%}
    {%- do cdp_create(kept, 'select * from ' ~ disputed ~ ' where false') -%}
    {%- set priorities = run_query(
        'select distinct priority from ' ~ disputed ~ ' order by priority'
    ) -%}
    {%- for row in priorities -%}
        {%- do cdp_create(tried, cdp_pairs_with_next_type(kept, disputed, row[0])) -%}
        {%- do cdp_find_components(tried, grown) -%}
        {%- do cdp_create(refused, cdp_broken_components(tried, grown)) -%}
        {%- do cdp_create(kept, cdp_pairs_without_refused(tried, grown, refused, row[0])) -%}
    {%- endfor -%}
    {%- do cdp_find_components(kept, settled) -%}
    {%- for helper in [disputed, kept, tried, grown, refused] -%}
        {%- do adapter.drop_relation(helper) -%}
    {%- endfor -%}
{%- endmacro %}

{#- Components with more values of a type than one profile may have. -#}
{% macro cdp_broken_components(pairs, components) -%}
    with limited_nodes as (
        select distinct
            node_id,
            identifier_type,
            max_per_profile
        from {{ pairs }}
        where max_per_profile is not null
    )

    select distinct components.component_id
    from limited_nodes
    inner join {{ components }} as components on limited_nodes.node_id = components.node_id
    group by
        components.component_id,
        limited_nodes.identifier_type,
        limited_nodes.max_per_profile
    having count(*) > limited_nodes.max_per_profile
{%- endmacro %}

{% macro cdp_pairs_of_broken(pairs, components, broken) -%}
    select pairs.*
    from {{ pairs }} as pairs
    inner join {{ components }} as components on pairs.node_id = components.node_id
    inner join {{ broken }} as broken on components.component_id = broken.component_id
{%- endmacro %}

{% macro cdp_pairs_with_next_type(kept, disputed, priority) -%}
    select * from {{ kept }}
    union all
    select * from {{ disputed }}
    where priority = {{ priority }}
{%- endmacro %}

{% macro cdp_pairs_without_refused(tried, grown, refused, priority) -%}
    select tried.*
    from {{ tried }} as tried
    inner join {{ grown }} as grown on tried.node_id = grown.node_id
    left join {{ refused }} as refused on grown.component_id = refused.component_id
    where refused.component_id is null or tried.priority <> {{ priority }}
{%- endmacro %}

{#- The components that kept to the limits from the start, and those that now do. -#}
{% macro cdp_whole_and_settled(components, broken, settled) -%}
    select
        components.node_id,
        components.component_id
    from {{ components }} as components
    left join {{ broken }} as broken on components.component_id = broken.component_id
    where broken.component_id is null
    union all
    select
        node_id,
        component_id
    from {{ settled }}
{%- endmacro %}
