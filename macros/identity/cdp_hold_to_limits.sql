{#- Looks whether the components of `placed` (see cdp_place_nodes) keep to their limits, and
    settles those that do not. `parts` gets their nodes, as cdp_component_state keeps them:
    whole_id, node_id, component_id, limit_key. No other component is looked at. -#}
{% macro cdp_hold_to_limits(log, version, has_losses) -%}
    {%- set placed, broken, parts = cdp_helper('placed'), cdp_helper('broken'), cdp_helper('parts') -%}
    {%- if version is none -%}
        {%- set members, limits = placed, cdp_links_there(log, has_losses) -%}
    {%- else -%}
        {%- set members, limits = cdp_helper('members'), cdp_helper('limits_touched') -%}
        {%- do cdp_create(members, cdp_members(placed)) -%}
        {%- do cdp_create(limits, cdp_limits_of(log, members)) -%}
    {%- endif -%}
    {%- do cdp_create(broken, cdp_broken_components(limits, members)) -%}
    {%- if run_query('select count(*) from ' ~ broken)[0][0] -%}
        {%- set disputed = cdp_helper('disputed') -%}
        {%- set settled, refused = cdp_helper('settled_now'), cdp_helper('refused_now') -%}
        {%- do cdp_create(disputed, cdp_links_in(log, members, broken)) -%}
        {%- do cdp_settle_components(disputed, members, broken, settled, refused) -%}
        {%- do cdp_create(parts, cdp_parts(members, settled, refused)) -%}
        {%- for helper in [disputed, settled, refused] -%}
            {%- do adapter.drop_relation(helper) -%}
        {%- endfor -%}
    {%- else -%}
        {%- do adapter.drop_relation(parts) -%}
        {%- do run_query(cdp_empty_table(parts, cdp_component_columns()['settled'])) -%}
    {%- endif -%}
    {%- do adapter.drop_relation(broken) -%}
    {%- if version is not none -%}
        {%- do adapter.drop_relation(members) -%}
        {%- do adapter.drop_relation(limits) -%}
    {%- endif -%}
{%- endmacro %}

{#- Every node of the components in `placed`, where it will be. -#}
{% macro cdp_members(placed) -%}
    with raws as (
        select
            node_id as raw_id,
            component_id
        from {{ placed }}
        where is_root
        union all
        select
            roots.raw_id,
            placed.component_id
        from {{ cdp_component_state('roots') }} as roots
        inner join {{ placed }} as placed on roots.root_id = placed.node_id
        where placed.is_root
    )

    select
        nodes.node_id,
        raws.component_id
    from {{ cdp_component_state('nodes') }} as nodes
    inner join raws on nodes.raw_id = raws.raw_id
    union all
    select
        node_id,
        component_id
    from {{ placed }}
    where not is_root
{%- endmacro %}

{% macro cdp_limits_of(log, members) -%}
    {%- set columns = 'log.node_id, log.neighbour_id, log.priority, log.limit_key, log.max_per_profile' -%}
    select {{ columns }}
    from ({{ log }}) as log
    inner join {{ members }} as members on log.node_id = members.node_id
    where log.limit_key is not null
    group by {{ columns }}
    having sum(log.change) > 0
{%- endmacro %}

{% macro cdp_links_in(log, members, broken) -%}
    {%- set columns = 'log.node_id, log.neighbour_id, log.priority, log.limit_key, log.max_per_profile' -%}
    select {{ columns }}
    from ({{ log }}) as log
    inner join {{ members }} as members on log.node_id = members.node_id
    inner join {{ broken }} as broken on members.component_id = broken.component_id
    group by {{ columns }}
    having sum(log.change) > 0
{%- endmacro %}

{% macro cdp_parts(members, settled, refused) -%}
    select
        members.component_id as whole_id,
        settled.node_id,
        settled.component_id,
        cast(null as {{ cdp_type('text') }}) as limit_key
    from {{ settled }} as settled
    inner join {{ members }} as members on settled.node_id = members.node_id
    union all
    select
        members.component_id as whole_id,
        refused.node_id,
        cast(null as {{ cdp_type('integer') }}) as component_id,
        refused.limit_key
    from {{ refused }} as refused
    inner join {{ members }} as members on refused.node_id = members.node_id
{%- endmacro %}
