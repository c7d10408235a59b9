{#- All of a row as one text: the last tie-break of an order that must be total. -#}
{% macro cdp_row_text(relation) -%}
    {{ return(adapter.dispatch('cdp_row_text', 'cdp')(relation)) }}
{%- endmacro %}

{% macro default__cdp_row_text(relation) -%}
    cast({{ relation }} as {{ dbt.type_string() }})
{%- endmacro %}

{% macro spark__cdp_row_text(relation) -%}
    to_json(struct({{ relation }}.*))
{%- endmacro %}
