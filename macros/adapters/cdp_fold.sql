{#- Text folded for matching: accents off, lower case, letters and digits only with
    single spaces; empty becomes null. -#}
{% macro cdp_fold(column) -%}
    nullif(trim(regexp_replace(
        {{ cdp.cdp_spelled_out("lower(" ~ cdp.cdp_without_accents(column) ~ ")") }},
        '[^a-z0-9]+', ' ', 'g'
    )), '')
{%- endmacro %}

{#- Letters that are no base letter with an accent, as people type them in ASCII. -#}
{% macro cdp_spelled_out(column) -%}
    translate(
        replace(replace(replace({{ column }}, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'),
        'øłđðı', 'olddi'
    )
{%- endmacro %}

{% macro cdp_without_accents(column) -%}
    {{ return(adapter.dispatch('cdp_without_accents', 'cdp')(column)) }}
{%- endmacro %}

{% macro default__cdp_without_accents(column) -%}
    regexp_replace(normalize({{ column }}, nfd), '[\u0300-\u036f]', '', 'g')
{%- endmacro %}

{% macro duckdb__cdp_without_accents(column) -%}
    strip_accents(nfc_normalize({{ column }}))
{%- endmacro %}
