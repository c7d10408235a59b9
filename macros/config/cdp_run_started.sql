{#- When this run of dbt began, by the wall clock (UTC): for state that is compared with
    what the command cdp writes, which goes by the wall clock, too. -#}
{% macro cdp_run_started() -%}
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}
