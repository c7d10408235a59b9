{#- How many different words two texts have in common; words are parted by single spaces. -#}
{% macro cdp_common_words(text, other) -%}
    {{ return(adapter.dispatch('cdp_common_words', 'cdp')(text, other)) }}
{%- endmacro %}

{% macro default__cdp_common_words(text, other) -%}
    (
        select count(*) from (
            select unnest(string_to_array({{ text }}, ' '))
            intersect
            select unnest(string_to_array({{ other }}, ' '))
        ) as words
    )
{%- endmacro %}

{% macro duckdb__cdp_common_words(text, other) -%}
    len(list_intersect(string_split({{ text }}, ' '), string_split({{ other }}, ' ')))
{%- endmacro %}
