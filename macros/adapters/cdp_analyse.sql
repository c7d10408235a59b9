{#- Tell the planner how large a table is that the same transaction has just made. -#}
{% macro cdp_analyse(relation) -%}
    {{ return(adapter.dispatch('cdp_analyse', 'cdp')(relation)) }}
{%- endmacro %}

{% macro default__cdp_analyse(relation) -%}
{%- endmacro %}

{% macro postgres__cdp_analyse(relation) -%}
    {%- do run_query('analyze ' ~ relation) -%}
{%- endmacro %}
