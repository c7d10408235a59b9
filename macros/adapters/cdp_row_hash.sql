{#- A whole number that stands for the values of some columns: rows that differ differ in it,
    as good as always. It may change with the version of the warehouse. -#}
{% macro cdp_row_hash(columns) -%}
    {{ return(adapter.dispatch('cdp_row_hash', 'cdp')(columns)) }}
{%- endmacro %}

{% macro default__cdp_row_hash(columns) -%}
    hashtextextended(cast(row({{ columns | join(', ') }}) as text), 0)
{%- endmacro %}

{% macro duckdb__cdp_row_hash(columns) -%}
    cast(hash({{ columns | join(', ') }}) >> 1 as bigint)
{%- endmacro %}

{% macro spark__cdp_row_hash(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}
