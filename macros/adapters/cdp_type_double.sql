{#- A float of 64 bits: what dbt calls type_float has 32 on some warehouses. -#}
{% macro cdp_type_double() -%}
    {{ return(adapter.dispatch('cdp_type_double', 'cdp')()) }}
{%- endmacro %}

{% macro default__cdp_type_double() -%}
    double precision
{%- endmacro %}

{% macro spark__cdp_type_double() -%}
    double
{%- endmacro %}
