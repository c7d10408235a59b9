{#- Aggregate: the reasons for a score, the weightiest first, as `+20 Is in an open deal`. -#}
{% macro cdp_reasons() -%}
    {{ dbt.listagg(
        "case when points > 0 then '+' else '' end || cast(points as "
        ~ cdp_type('text') ~ ") || ' ' || reason",
        "'; '",
        'order by abs(points) desc, rule_id'
    ) }}
{%- endmacro %}
