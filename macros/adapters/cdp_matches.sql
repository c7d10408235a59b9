{#- Whether text matches a regular expression of the plain kind that all engines share. -#}
{% macro cdp_matches(text, pattern) -%}
    {{ return(adapter.dispatch('cdp_matches', 'cdp')(text, pattern)) }}
{%- endmacro %}

{% macro default__cdp_matches(text, pattern) -%}
    ({{ text }} ~ '{{ pattern }}')
{%- endmacro %}

{% macro duckdb__cdp_matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro spark__cdp_matches(text, pattern) -%}
    ({{ text }} rlike '{{ pattern | replace("\\", "\\\\") }}')
{%- endmacro %}
