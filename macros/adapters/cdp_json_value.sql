{#- One scalar of a JSON text column by its top-level key, as text; null where it is
    absent or the text is no JSON. -#}
{% macro cdp_json_value(column, key) -%}
    {{ return(adapter.dispatch('cdp_json_value', 'cdp')(column, key)) }}
{%- endmacro %}

{% macro default__cdp_json_value(column, key) -%}
    (case when {{ column }} like '{{ "{" }}%' then cast({{ column }} as jsonb) ->> '{{ key }}' end)
{%- endmacro %}

{% macro duckdb__cdp_json_value(column, key) -%}
    (case when json_valid({{ column }}) then json_extract_string({{ column }}, '$.{{ key }}') end)
{%- endmacro %}
