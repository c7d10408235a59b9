{#- Days from one moment to a later one, with two decimals. -#}
{% macro cdp_days_between(from_moment, to_moment) -%}
    {{ cdp_time_between(from_moment, to_moment, 86400) }}
{%- endmacro %}

{#- Hours, alike. -#}
{% macro cdp_hours_between(from_moment, to_moment) -%}
    {{ cdp_time_between(from_moment, to_moment, 3600) }}
{%- endmacro %}

{% macro cdp_time_between(from_moment, to_moment, seconds) -%}
    round(cast(
        1.0 * {{ dbt.datediff(from_moment, to_moment, 'second') }} / {{ seconds }} as {{ cdp_type('numeric') }}
    ), 2)
{%- endmacro %}
