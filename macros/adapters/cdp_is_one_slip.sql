{#- Whether one letter added, dropped, changed or swapped with its neighbour turns one text
    into the other. -#}
{% macro cdp_is_one_slip(text, other) -%}
    {{ return(adapter.dispatch('cdp_is_one_slip', 'cdp')(text, other)) }}
{%- endmacro %}

{#- Without extensions: try each position. -#}
{% macro default__cdp_is_one_slip(text, other) -%}
    exists (
        select 1
        from generate_series(1, greatest(length({{ text }}), length({{ other }}))) as slip(at_letter)
        where overlay({{ text }} placing '' from at_letter for 1) = {{ other }}
            or overlay({{ other }} placing '' from at_letter for 1) = {{ text }}
            or overlay({{ text }} placing '' from at_letter for 1)
            = overlay({{ other }} placing '' from at_letter for 1)
            or overlay({{ text }} placing reverse(substr({{ text }}, at_letter, 2)) from at_letter for 2)
            = {{ other }}
    )
{%- endmacro %}

{% macro duckdb__cdp_is_one_slip(text, other) -%}
    damerau_levenshtein({{ text }}, {{ other }}) = 1
{%- endmacro %}
