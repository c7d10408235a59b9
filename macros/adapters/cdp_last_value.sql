{#- Aggregate: the value of the row with the latest `clock` among those that have one;
    ties by the greatest value. -#}
{% macro cdp_last_value(column, clock) -%}
    {{ return(adapter.dispatch('cdp_last_value', 'cdp')(column, clock)) }}
{%- endmacro %}

{% macro default__cdp_last_value(column, clock) -%}
    (array_agg({{ column }} order by {{ clock }} desc nulls last, {{ column }} desc)
        filter (where {{ column }} is not null))[1]
{%- endmacro %}

{% macro spark__cdp_last_value(column, clock) -%}
    max_by({{ column }}, struct({{ clock }}, {{ column }}))
        filter (where {{ column }} is not null)
{%- endmacro %}
