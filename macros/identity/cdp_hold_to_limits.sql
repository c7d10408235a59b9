{#- Looks whether the components of `placed` (see cdp_place_nodes) keep to their limits, and
    settles those that do not. `parts` gets their nodes, as cdp_component_state keeps them:
    whole_id, node_id, component_id, limit_key. No other component is looked at. -#}
{% macro cdp_hold_to_limits(log, version) -%}
    {%- set placed, parts = cdp_helper('placed'), cdp_helper('parts') -%}
    {%- set limits, broken = cdp_helper('limits_touched'), cdp_helper('broken') -%}
    {%- set found = namespace(broken=0) -%}
    {%- if run_query(cdp_any_limit(log)) -%}
        {%- do cdp_create(limits, cdp_limits_touched(log, placed, version)) -%}
        {%- do cdp_create(broken, cdp_broken_components(
            limits, '(select distinct node_id, component_id from ' ~ limits ~ ')'
        )) -%}
        {%- set found.broken = run_query('select count(*) from ' ~ broken)[0][0] -%}
    {%- endif -%}
    {%- do adapter.drop_relation(parts) -%}
    {%- do run_query(cdp_empty_table(parts, cdp_component_columns()['settled'])) -%}
    {%- if found.broken -%}
        {%- set members, disputed = cdp_helper('members'), cdp_helper('disputed') -%}
        {%- set settled, refused = cdp_helper('settled_now'), cdp_helper('refused_now') -%}
        {%- do cdp_create(members, cdp_members(placed, broken, version)) -%}
        {%- do cdp_create(disputed, cdp_links_of(log, members)) -%}
        {%- do cdp_settle_components(disputed, members, broken, settled, refused) -%}
        {%- do run_query('insert into ' ~ parts ~ ' ' ~ cdp_parts(members, settled, refused)) -%}
        {%- for helper in [members, disputed, settled, refused] -%}
            {%- do adapter.drop_relation(helper) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do adapter.drop_relation(limits) -%}
    {%- do adapter.drop_relation(broken) -%}
{%- endmacro %}

{% macro cdp_any_limit(log) -%}
    select 1 as one
    from ({{ log }}) as log
    where limit_key is not null
    limit 1
{%- endmacro %}

{#- The limits on nodes of the components in `placed`. -#}
{% macro cdp_limits_touched(log, placed, version) -%}
    with limits as (
        select
            node_id,
            limit_key,
            max_per_profile
        from ({{ log }}) as log
        where limit_key is not null
        group by node_id, limit_key, max_per_profile, priority
        having sum(change) > 0
    ),

    places as (
        {{ cdp_places(placed, version) }}
    )

    select
        limits.node_id,
        limits.limit_key,
        limits.max_per_profile,
        places.component_id
    from limits
    inner join places on limits.node_id = places.node_id
{%- endmacro %}

{#- Every node of the broken components, where it will be. -#}
{% macro cdp_members(placed, broken, version) -%}
    with places as (
        {{ cdp_places(placed, version) }}
    )

    select
        places.node_id,
        places.component_id
    from places
    inner join {{ broken }} as broken on places.component_id = broken.component_id
{%- endmacro %}

{#- Where the nodes of the components in `placed` will be: added ones, and those of roots. -#}
{% macro cdp_places(placed, version) -%}
    select
        node_id,
        component_id
    from {{ placed }}
    {%- if version is not none %}
    where not is_root
    union all
    select
        nodes.node_id,
        raws.component_id
    from {{ cdp_component_state('nodes') }} as nodes
    inner join (
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
    ) as raws on nodes.raw_id = raws.raw_id
    {%- endif %}
{%- endmacro %}

{% macro cdp_links_of(log, members) -%}
    {%- set columns = 'log.node_id, log.neighbour_id, log.priority, log.limit_key, log.max_per_profile' -%}
    select {{ columns }}
    from ({{ log }}) as log
    inner join {{ members }} as members on log.node_id = members.node_id
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
