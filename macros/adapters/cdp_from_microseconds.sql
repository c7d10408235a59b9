{#- A UTC timestamp from microseconds since 1970. -#}
{% macro cdp_from_microseconds(column) -%}
    {{ return(adapter.dispatch('cdp_from_microseconds', 'cdp')(column)) }}
{%- endmacro %}

{% macro default__cdp_from_microseconds(column) -%}
    (timestamp '1970-01-01 00:00:00' + {{ column }} * interval '1 microsecond')
{%- endmacro %}

{% macro duckdb__cdp_from_microseconds(column) -%}
    make_timestamp({{ column }})
{%- endmacro %}
