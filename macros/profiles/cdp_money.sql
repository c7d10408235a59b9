{#- An amount as people read it: `12.50 USD`; null when there is none. -#}
{% macro cdp_money(amount, currency) -%}
    cast(cast({{ amount }} as numeric(18, 2)) as {{ cdp_type('text') }})
    || coalesce(' ' || {{ currency }}, '')
{%- endmacro %}
