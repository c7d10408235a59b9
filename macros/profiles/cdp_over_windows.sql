{#- A daily measure summed over the last 7, 30, 90 and 365 days and over all time:
    `<name>_last_7_days`, …, `<name>_lifetime`. The rows must carry `days_ago`, whole
    days before today: today is 0, so that seven days are today and the six before. A
    count stays an integer, where the warehouse gives a sum of integers a wider type. -#}
{% macro cdp_over_windows(measure, name, windows=[7, 30, 90, 365], type='integer') -%}
    {%- set type = cdp_type(type) -%}
    {%- for days in windows %}
    cast(
        coalesce(sum(case when days_ago < {{ days }} then {{ measure }} end), 0) as {{ type }}
    ) as {{ name }}_last_{{ days }}_days,
    {%- endfor %}
    cast(coalesce(sum({{ measure }}), 0) as {{ type }}) as {{ name }}_lifetime
{%- endmacro %}
