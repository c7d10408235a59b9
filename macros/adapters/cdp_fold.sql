{#- Text folded for matching: accents off, lower case, letters and digits only with
    single spaces; empty becomes null. -#}
{% macro cdp_fold(column) -%}
    {{ return(adapter.dispatch('cdp_fold', 'cdp')(column)) }}
{%- endmacro %}

{% macro default__cdp_fold(column) -%}
    nullif(trim(regexp_replace(
        lower(regexp_replace(normalize({{ column }}, nfkd), '[\u0300-\u036f]', '', 'g')),
        '[^a-z0-9]+', ' ', 'g'
    )), '')
{%- endmacro %}

{% macro duckdb__cdp_fold(column) -%}
    nullif(trim(regexp_replace(
        lower(strip_accents(nfc_normalize({{ column }}))), '[^a-z0-9]+', ' ', 'g'
    )), '')
{%- endmacro %}
