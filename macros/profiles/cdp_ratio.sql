{#- One count over another, with four decimals; null over nothing. -#}
{% macro cdp_ratio(part, whole) -%}
    round(cast(
        1.0 * ({{ part }}) / nullif({{ whole }}, 0) as {{ cdp_type('numeric') }}
    ), 4)
{%- endmacro %}
