{#- The funnels that the control panel declares, checked: {name: {steps: [kind], window_days,
    period_days}}. -#}
{% macro cdp_funnels() -%}
    {%- set funnels = {} -%}
    {%- for name, settings in (var('cdp_funnels', {}) or {}).items() -%}
        {%- set path = 'vars: cdp_funnels.' ~ name -%}
        {%- set given = {'window_days': 7, 'period_days': 90} -%}
        {%- do cdp_check_keys(
            path, (settings or {}).keys(), ['steps', 'window_days', 'period_days']
        ) -%}
        {%- do given.update(settings or {}) -%}
        {%- if given.steps is string or given.steps is not sequence
            or given.steps | length < 2 -%}
            {{ exceptions.raise_compiler_error(
                path ~ ".steps must list two kinds of cdp_timeline or more, in order."
            ) }}
        {%- endif -%}
        {%- do cdp_check_positive(path ~ '.window_days', given.window_days) -%}
        {%- do cdp_check_positive(path ~ '.period_days', given.period_days) -%}
        {%- do funnels.update({name: given}) -%}
    {%- endfor -%}
    {{ return(funnels) }}
{%- endmacro %}

{#- The kinds of all funnels' steps. -#}
{% macro cdp_funnel_kinds() -%}
    {%- set kinds = [] -%}
    {%- for funnel in cdp_funnels().values() -%}
        {%- for kind in funnel.steps if kind not in kinds -%}
            {%- do kinds.append(kind) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(kinds) }}
{%- endmacro %}

{#- How far people came in one funnel, over `interactions` (profile_id, kind, occurred_at,
    source, record_id): one row per person who began. reached_<n> is when she first came to
    step n, started_<n> when the attempt began that took her there. An attempt may begin at
    any first step: with each step goes the latest beginning that could have led to it. -#}
{% macro cdp_funnel_people(funnel, interactions) -%}
    {%- set preceding -%}
        over (
            partition by profile_id
            order by occurred_at, {{ cdp_step_order(funnel.steps) }}, source, record_id
            rows between unbounded preceding and 1 preceding
        )
    {%- endset -%}
    {%- set earliest = dbt.dateadd('day', -funnel.window_days, 'occurred_at') -%}
    select
        profile_id
        {%- for _ in funnel.steps %},
        min(case when started_{{ loop.index }} is not null then occurred_at end)
            as reached_{{ loop.index }},
        min(seconds_{{ loop.index }}) as seconds_{{ loop.index }}
        {%- endfor %}
    from (
        select
            *
            {%- for _ in funnel.steps %},
            {{ dbt.datediff('started_' ~ loop.index, 'occurred_at', 'second') }}
                as seconds_{{ loop.index }}
            {%- endfor %}
        from (
            {{ cdp_funnel_attempts(funnel, interactions, preceding, earliest) }}
        ) as attempts
    ) as timed_attempts
    where started_1 is not null
        {%- for _ in funnel.steps[1:] %} or started_{{ loop.index + 1 }} is not null
        {%- endfor %}
    group by profile_id
{%- endmacro %}

{#- Interactions with, for each step that they are, when the attempt began. -#}
{% macro cdp_funnel_attempts(funnel, interactions, preceding, earliest) -%}
    {%- for kind in funnel.steps | reverse -%}
    {%- set number = funnel.steps | length - loop.index0 %}
    select
        *,
        {% if number == 1 -%}
        case when kind = {{ dbt.string_literal(kind) }} then occurred_at end
        {%- else -%}
        case
            when
                kind = {{ dbt.string_literal(kind) }}
                and max(started_{{ number - 1 }}) {{ preceding }} >= {{ earliest }}
                then max(started_{{ number - 1 }}) {{ preceding }}
        end
        {%- endif %} as started_{{ number }}
    from {% if number == 1 -%}
    {{ interactions }}
    where
        kind in ({% for kind in funnel.steps %}{{ dbt.string_literal(kind) }}
        {{- ', ' if not loop.last }}{% endfor %})
        and occurred_at > {{ dbt.dateadd('day', -funnel.period_days, cdp_today()) }}
    {%- else %}(
    {%- endif %}
    {%- endfor %}
    {%- for _ in funnel.steps[1:] %}) as step_{{ loop.index }}
    {%- endfor %}
{%- endmacro %}

{#- Of interactions at one moment an earlier step comes first. -#}
{% macro cdp_step_order(steps) -%}
    case kind
        {%- for kind in steps %} when {{ dbt.string_literal(kind) }} then {{ loop.index }}
        {%- endfor %}
    end
{%- endmacro %}
