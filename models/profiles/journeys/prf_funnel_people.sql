-- One row per (funnel, profile_id, step_number): a person who came to that step of a
-- funnel of the control panel (`cdp_funnels`) in its period, each step after the one
-- before it, and within the window of the first.

{%- set funnels = cdp_funnels() %}
{%- do cdp_warn_of_steps_that_nothing_has(
    ref('prf_interactions'), cdp_reference('event_names')
) %}

with interactions as (
    select * from {{ ref('cdp_timeline') }}
),
{% for name, funnel in funnels.items() %}
{{ 'funnel_' ~ loop.index }} as (
    {{ cdp_funnel_people(funnel, 'interactions') }}
),
{% endfor %}
steps as (
    {%- for name, funnel in funnels.items() %}
    {%- set people = 'funnel_' ~ loop.index %}
    {%- set is_first_funnel = loop.first %}
    {%- for kind in funnel.steps %}
    {%- if not (is_first_funnel and loop.first) %}

    union all
    {% endif %}
    select
        {{ dbt.string_literal(name) }} as funnel,
        profile_id,
        {{ loop.index }} as step_number,
        {{ dbt.string_literal(kind) }} as kind,
        reached_{{ loop.index }} as reached_at,
        seconds_{{ loop.index }} as seconds_from_start
    from {{ people }}
    where reached_{{ loop.index }} is not null
    {%- endfor %}
    {%- else %}
    select
        cast(null as {{ cdp_type('text') }}) as funnel,
        profile_id,
        1 as step_number,
        kind,
        occurred_at as reached_at,
        0 as seconds_from_start
    from interactions
    where false
    {%- endfor %}
)

select * from steps
