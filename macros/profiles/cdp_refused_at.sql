{#- When a refusal counts from: what it says, but never later than now. One without a date,
    or by a clock that runs ahead, counts as said just now. -#}
{% macro cdp_refused_at(column) -%}
    coalesce(least({{ column }}, {{ cdp_now() }}), {{ cdp_now() }})
{%- endmacro %}
