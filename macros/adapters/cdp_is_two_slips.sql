{#- Whether at most two letters added, dropped, changed or swapped with a neighbour turn one
    text into the other. -#}
{% macro cdp_is_two_slips(text, other) -%}
    {{ return(adapter.dispatch('cdp_is_two_slips', 'cdp')(text, other)) }}
{%- endmacro %}

{#- Without extensions: undo one slip at each position, and look for the other. -#}
{% macro default__cdp_is_two_slips(text, other) -%}
    (
        abs(length({{ text }}) - length({{ other }})) <= 2
        and exists (
            select 1
            from generate_series(1, greatest(length({{ text }}), length({{ other }})))
                as first_slip(at_place)
            cross join lateral (
                select
                    overlay({{ text }} placing '' from at_place for 1) as text_less,
                    overlay({{ other }} placing '' from at_place for 1) as other_less,
                    overlay(
                        {{ text }} placing reverse(substr({{ text }}, at_place, 2))
                        from at_place for 2
                    ) as text_swapped
            ) as mended
            where text_less = other_less
                or {{ cdp_is_one_slip('text_less', 'other_less') }}
                or {{ cdp_is_one_slip('text_less', other) }}
                or {{ cdp_is_one_slip(text, 'other_less') }}
                or {{ cdp_is_one_slip('text_swapped', other) }}
        )
    )
{%- endmacro %}

{% macro duckdb__cdp_is_two_slips(text, other) -%}
    damerau_levenshtein({{ text }}, {{ other }}) <= 2
{%- endmacro %}
