{#- Which values of a level bridge a conflict. The clusters that hold some of what is too
    much are the holders, a value that hangs on one cluster alone counting with it. Take
    the holders away, and what is left falls into regions: a region that touches two
    holders is a bridge between them, and its values next to a holder stop linking; so do
    values between two holders. Afterwards no two holders are connected: what may still be
    too much are the values that hang on one holder (cdp_surplus_values). -#}
{% macro cdp_refuse_bridging_values(growth) -%}
    {%- set holders, gaps = cdp_helper('holders'), cdp_helper('gaps') -%}
    {%- set regions = cdp_helper('regions') -%}
    {%- do cdp_create(holders, cdp_holders(growth)) -%}
    {%- do cdp_create(gaps, cdp_links_between_holders(growth, holders)) -%}
    {%- do cdp_find_components(gaps, regions) -%}
    {%- do cdp_refuse(growth, cdp_bridging_values(growth, holders, regions)) -%}
    {%- for helper in [holders, gaps, regions] -%}
        {%- do adapter.drop_relation(helper) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro cdp_holders(growth) -%}
    with holdings as (
        select distinct old.component_id
        from {{ growth.limits }} as limits
        inner join {{ growth.old }} as old on limits.node_id = old.node_id
        inner join {{ growth.new }} as new on limits.node_id = new.node_id
        inner join {{ growth.broken }} as broken
            on new.component_id = broken.component_id
            and limits.limit_key = broken.limit_key
    ),

    level_values as (
        select distinct node_id
        from {{ growth.links }} as links
        where level = {{ growth.level }}
    ),

    hanging_values as (
        select
            tried.node_id,
            min(tried.neighbour_id) as neighbour_id
        from {{ growth.tried }} as tried
        inner join level_values on tried.node_id = level_values.node_id
        group by tried.node_id
        having count(*) = 1
    )

    select distinct
        coalesce(hanging_values.neighbour_id, holdings.component_id) as holder_id
    from holdings
    left join hanging_values on holdings.component_id = hanging_values.node_id
{%- endmacro %}

{#- What is left of the broken components without their holders. -#}
{% macro cdp_links_between_holders(growth, holders) -%}
    with broken_components as (
        select distinct component_id from {{ growth.broken }}
    ),

    disputed as (
        select tried.*
        from {{ growth.tried }} as tried
        inner join {{ growth.new }} as new on tried.node_id = new.node_id
        inner join broken_components on new.component_id = broken_components.component_id
        left join {{ holders }} as holders on tried.node_id = holders.holder_id
        where holders.holder_id is null
    )

    select
        disputed.node_id,
        disputed.neighbour_id
    from disputed
    left join {{ holders }} as holders on disputed.neighbour_id = holders.holder_id
    where holders.holder_id is null
    union
    select
        node_id,
        node_id as neighbour_id
    from disputed
{%- endmacro %}

{% macro cdp_bridging_values(growth, holders, regions) -%}
    with touches as (
        select
            tried.node_id,
            holders.holder_id,
            regions.component_id as region_id
        from {{ growth.tried }} as tried
        inner join {{ holders }} as holders on tried.neighbour_id = holders.holder_id
        left join {{ regions }} as regions on tried.node_id = regions.node_id
    ),

    bridges as (
        select region_id
        from touches
        where region_id is not null
        group by region_id
        having count(distinct holder_id) > 1
    ),

    cut as (
        select touches.node_id
        from touches
        inner join bridges on touches.region_id = bridges.region_id
        union
        select touches.holder_id as node_id
        from touches
        inner join bridges on touches.region_id = bridges.region_id
        union
        select node_id from touches where region_id is null
    )

    {{ cdp_values_to_refuse(growth, 'cut') }}
{%- endmacro %}

{% macro cdp_surplus_values(growth) -%}
    with cut as (
        select distinct limits.node_id
        from {{ growth.limits }} as limits
        inner join {{ growth.new }} as new on limits.node_id = new.node_id
        inner join {{ growth.broken }} as broken
            on new.component_id = broken.component_id
            and limits.limit_key = broken.limit_key
    )

    {{ cdp_values_to_refuse(growth, 'cut') }}
{%- endmacro %}

{#- The level's values among the nodes of `cut`, and what they would have broken. -#}
{% macro cdp_values_to_refuse(growth, cut) -%}
    select
        cut.node_id,
        min(broken.limit_key) as limit_key
    from {{ cut }} as cut
    inner join {{ growth.new }} as new on cut.node_id = new.node_id
    inner join {{ growth.broken }} as broken on new.component_id = broken.component_id
    where cut.node_id in (
        select links.node_id
        from {{ growth.links }} as links
        where links.level = {{ growth.level }}
    )
    group by cut.node_id
{%- endmacro %}
