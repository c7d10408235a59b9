{#- Components that break a limit, grown again in order of trust, each by itself: a
    component's outcome depends on its own pairs and limits alone, and on no order of rows.
    First by what the records say (cdp_grow_clusters); then, where people were linked by
    hand, once more with those links: they join what they join, whatever it holds, as long
    as nothing comes together that was parted by hand.

    Reads `pairs` (see cdp_components), their `components` and which are `broken`. Makes
    `settled`: node_id, component_id; and `refused`: node_id, limit_key, the values that no
    longer link and what they would have broken. -#}
{% macro cdp_settle_components(pairs, components, broken, settled, refused) -%}
    {%- set links, limits = cdp_helper('links'), cdp_helper('limits') -%}
    {%- do cdp_create(links, cdp_links_of_broken(pairs, components, broken)) -%}
    {%- do cdp_create(limits, cdp_limits_of_broken(pairs, components, broken)) -%}
    {%- do cdp_create(refused, cdp_no_refusals()) -%}
    {%- do cdp_grow_clusters(
        'select * from ' ~ links ~ ' where not is_by_hand', limits, settled, refused
    ) -%}
    {%- if run_query('select count(*) from ' ~ links ~ ' where is_by_hand')[0][0] -%}
        {%- set limits_by_hand = cdp_helper('limits_by_hand') -%}
        {%- do cdp_create(
            limits_by_hand, 'select * from ' ~ limits ~ ' where is_by_hand'
        ) -%}
        {%- do cdp_grow_clusters('select * from ' ~ links, limits_by_hand, settled, refused) -%}
        {%- do adapter.drop_relation(limits_by_hand) -%}
    {%- endif -%}
    {%- do adapter.drop_relation(links) -%}
    {%- do adapter.drop_relation(limits) -%}
{%- endmacro %}

{#- Components that hold more under a limit than one profile may. -#}
{% macro cdp_broken_components(pairs, components) -%}
    select distinct components.component_id
    from {{ pairs }} as pairs
    inner join {{ components }} as components on pairs.node_id = components.node_id
    where pairs.limit_key is not null
    group by components.component_id, pairs.limit_key, pairs.max_per_profile
    having count(*) > pairs.max_per_profile
{%- endmacro %}

{#- A pair enters with the less trusted of its two nodes: its `level` is that one's
    priority. Every node has a row with itself, so that none is lost when it is alone. -#}
{% macro cdp_links_of_broken(pairs, components, broken) -%}
    with disputed as (
        select pairs.*
        from {{ pairs }} as pairs
        inner join {{ components }} as components on pairs.node_id = components.node_id
        inner join {{ broken }} as broken
            on components.component_id = broken.component_id
        where pairs.limit_key is null
    ),

    nodes as (
        select
            node_id,
            max(priority) as priority
        from disputed
        group by node_id
    ),

    by_hand as (
        select
            disputed.node_id,
            disputed.neighbour_id,
            one.priority,
            other.priority as other_priority,
            one.priority > other.priority
            or (one.priority = other.priority and one.node_id > other.node_id) as is_less
        from disputed
        inner join nodes as one on disputed.node_id = one.node_id
        inner join nodes as other on disputed.neighbour_id = other.node_id
        where disputed.priority < 0
    )

    select
        node_id,
        neighbour_id,
        priority as level,
        false as is_by_hand
    from disputed
    where priority >= 0 and node_id <> neighbour_id
    union all
    select
        node_id,
        node_id as neighbour_id,
        priority as level,
        false as is_by_hand
    from nodes
    union all
    select
        case when is_less then node_id else neighbour_id end as node_id,
        case when is_less then neighbour_id else node_id end as neighbour_id,
        case when is_less then priority else other_priority end as level,
        true as is_by_hand
    from by_hand
{%- endmacro %}

{% macro cdp_limits_of_broken(pairs, components, broken) -%}
    select
        pairs.node_id,
        pairs.limit_key,
        pairs.max_per_profile,
        pairs.priority < 0 as is_by_hand
    from {{ pairs }} as pairs
    inner join {{ components }} as components on pairs.node_id = components.node_id
    inner join {{ broken }} as broken on components.component_id = broken.component_id
    where pairs.limit_key is not null
{%- endmacro %}

{% macro cdp_no_refusals() -%}
    select
        cast(null as {{ cdp_type('integer') }}) as node_id,
        cast(null as {{ cdp_type('text') }}) as limit_key
    where false
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
