{#- The level of every comparison, a column each: null where it says nothing. -#}
{% macro cdp_match_levels() -%}
    {%- for name, comparison in cdp_match_comparisons().items() %}
    {%- set column = comparison.column or name %}
    case
        {%- if comparison.even_if_missing %}
        when {{ comparison.levels[comparison.even_if_missing] }}
            then '{{ comparison.even_if_missing }}'
        {%- endif %}
        when one.{{ column }} is null or other.{{ column }} is null then null
        {%- if comparison.unless %}
        when {{ comparison.unless }} then null
        {%- endif %}
        {%- for level, condition in comparison.levels.items() %}
        when {{ condition }} then '{{ level }}'
        {%- endfor %}
        else 'different'
    end as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
