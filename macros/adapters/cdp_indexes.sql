{#- The indexes of a large table, where the warehouse gains by them: [{columns: [name]}]. -#}
{% macro cdp_indexes(indexes) -%}
    {{ return(adapter.dispatch('cdp_indexes', 'cdp')(indexes)) }}
{%- endmacro %}

{% macro default__cdp_indexes(indexes) -%}
    {{ return([]) }}
{%- endmacro %}

{% macro postgres__cdp_indexes(indexes) -%}
    {{ return(indexes) }}
{%- endmacro %}
