{#- One parameter of a GA4 event, as text: `column` is the exported JSON array of
    {key, value: {string_value | int_value | float_value | double_value}}. -#}
{% macro cdp_ga4_param(column, key) -%}
    {{ return(adapter.dispatch('cdp_ga4_param', 'cdp')(column, key)) }}
{%- endmacro %}

{% macro default__cdp_ga4_param(column, key) -%}
    {%- set value -%}
        jsonb_path_query_first(
            cast({{ column }} as jsonb), '$[*] ? (@.key == "{{ key }}").value'
        )
    {%- endset -%}
    (case when {{ column }} like '[%' then coalesce(
        {{ value }} ->> 'string_value', {{ value }} ->> 'int_value',
        {{ value }} ->> 'double_value', {{ value }} ->> 'float_value'
    ) end)
{%- endmacro %}

{% macro duckdb__cdp_ga4_param(column, key) -%}
    {%- set shape -%}
        [{"key": "VARCHAR", "value": {"string_value": "VARCHAR", "int_value": "VARCHAR", "double_value": "VARCHAR", "float_value": "VARCHAR"}}]
    {%- endset -%}
    {%- set value -%}
        list_filter(
            json_transform({{ column }}, '{{ shape }}'), lambda param: param.key = '{{ key }}'
        )[1].value
    {%- endset -%}
    (case when json_valid({{ column }}) then coalesce(
        {{ value }}.string_value, {{ value }}.int_value,
        {{ value }}.double_value, {{ value }}.float_value
    ) end)
{%- endmacro %}
