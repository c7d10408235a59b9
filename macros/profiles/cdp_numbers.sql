{#- One row per whole number from 1 to `count`, as generated_number. -#}
{% macro cdp_numbers(count) -%}
    {{ dbt.generate_series(count) }}
{%- endmacro %}
