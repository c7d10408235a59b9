{#- The calendar date of a UTC timestamp in `cdp_timezone`. -#}
{% macro cdp_date(moment) -%}
    {%- set zone = var('cdp_timezone') -%}
    {%- if zone | upper == 'UTC' -%}
        cast({{ moment }} as date)
    {%- else -%}
        cast({{ moment }} at time zone 'UTC' at time zone {{ dbt.string_literal(zone) }} as date)
    {%- endif -%}
{%- endmacro %}

{#- Whole days from a date to today, by the one clock: 0 today, null for null. -#}
{% macro cdp_days_since(date) -%}
    {{ dbt.datediff(date, cdp_today(), 'day') }}
{%- endmacro %}
