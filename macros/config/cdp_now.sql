{#- The one clock, as a UTC timestamp: the var cdp_now, else the environment's CDP_NOW,
    else on the demo target the last moment of the demo's data, else the start of the
    run. No model calls current_timestamp; `days since` and `last 30 days` all count
    from here. -#}
{% macro cdp_now() -%}
    {%- set moment = var('cdp_now', none) or env_var('CDP_NOW', '') -%}
    {%- if not moment and target.name == 'demo' -%}
        {%- set moment = var('cdp_demo_now') -%}
    {%- endif -%}
    cast('{{ moment or run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}
