{#- Whole years from a date to today, as an age is counted; null for null. -#}
{% macro cdp_years_since(date) -%}
    {%- set today = cdp_today() -%}
    cast(
        extract(year from {{ today }}) - extract(year from {{ date }})
        - case
            when extract(month from {{ today }}) * 100 + extract(day from {{ today }})
                < extract(month from {{ date }}) * 100 + extract(day from {{ date }})
                then 1
            else 0
        end as {{ cdp_type('integer') }}
    )
{%- endmacro %}
