{#- A JSON object as text: {key: column}. Keys are the caller's own words. -#}
{% macro cdp_json_object(columns) -%}
    {{ return(adapter.dispatch('cdp_json_object', 'cdp')(columns)) }}
{%- endmacro %}

{% macro cdp_json_pairs(columns) -%}
    {%- for key, column in columns.items() -%}
        '{{ key }}', {{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro default__cdp_json_object(columns) -%}
    cast(json_object({{ cdp.cdp_json_pairs(columns) }}) as {{ cdp.cdp_type('json') }})
{%- endmacro %}

{% macro postgres__cdp_json_object(columns) -%}
    cast(json_build_object({{ cdp.cdp_json_pairs(columns) }}) as {{ cdp.cdp_type('json') }})
{%- endmacro %}
