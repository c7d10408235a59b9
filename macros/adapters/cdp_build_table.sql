{#- Build the model's table, as the warehouse's own materialization does. -#}
{% macro cdp_build_table() -%}
    {%- do adapter.dispatch('cdp_build_table', 'cdp')() -%}
{%- endmacro %}

{% macro default__cdp_build_table() -%}
    {%- do materialization_table_default() -%}
{%- endmacro %}

{% macro duckdb__cdp_build_table() -%}
    {%- do materialization_table_duckdb() -%}
{%- endmacro %}

{% macro spark__cdp_build_table() -%}
    {%- do materialization_table_spark() -%}
{%- endmacro %}
