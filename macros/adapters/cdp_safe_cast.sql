{#- `column` (of the warehouse type `from_type`; none: unknown) as a contract type. A
    value that cannot be cast is null where the warehouse has a safe cast for text. -#}
{% macro cdp_safe_cast(column, from_type, type) -%}
    {{ return(adapter.dispatch('cdp_safe_cast', 'cdp')(column, from_type, type)) }}
{%- endmacro %}

{% macro default__cdp_safe_cast(column, from_type, type) -%}
    cast({{ column }} as {{ cdp_type(type) }})
{%- endmacro %}

{% macro duckdb__cdp_safe_cast(column, from_type, type) -%}
    try_cast({{ column }} as {{ cdp_type(type) }})
{%- endmacro %}
