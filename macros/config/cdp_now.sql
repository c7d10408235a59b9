{#- The one clock, as a UTC timestamp: the var cdp_now, else the environment's CDP_NOW,
    else on the demo target the last moment of the demo's data, else the start of the
    run. No model calls current_timestamp; `days since` and `last 30 days` all count
    from here. -#}
{% macro cdp_now() -%}
    cast('{{ cdp_moment() }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}

{#- Whether the moment in a column of an input contract has come. Other models may use
    cdp_now(); a kept table that compares with this one alone is not built anew just because
    the clock went on (macros/materializations/cdp_kept.sql). -#}
{% macro cdp_has_come(column) -%}
    {{ column }} <= timestamp '{{ cdp_moment() }}'
{%- endmacro %}

{#- Today, by the one clock in `cdp_timezone`, as a date. -#}
{% macro cdp_today() -%}
    {%- set moment = modules.datetime.datetime.fromisoformat(cdp_moment()) -%}
    {%- if moment.tzinfo is none -%}
        {%- set moment = modules.pytz.utc.localize(moment) -%}
    {%- endif -%}
    {%- set today = moment.astimezone(modules.pytz.timezone(var('cdp_timezone'))) -%}
    cast('{{ today.strftime("%Y-%m-%d") }}' as date)
{%- endmacro %}

{% macro cdp_moment() -%}
    {%- set moment = var('cdp_now', none) or env_var('CDP_NOW', '') -%}
    {%- if not moment and target.name == 'demo' -%}
        {%- set moment = var('cdp_demo_now') -%}
    {%- endif -%}
    {{ return(moment or run_started_at.strftime("%Y-%m-%d %H:%M:%S")) }}
{%- endmacro %}
