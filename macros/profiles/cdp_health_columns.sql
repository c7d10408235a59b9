{#- {column: type} of prf_account_figures that a rule of health may ask for. -#}
{% macro cdp_health_columns() -%}
    {%- set columns = {} -%}
    {%- for name in [
        'people', 'orders_lifetime', 'events_last_30_days', 'events_last_90_days', 'deals',
        'deals_open', 'deals_won', 'deals_lost', 'deals_stuck', 'tickets_lifetime',
        'open_tickets', 'open_urgent_tickets', 'tickets_rated_bad', 'revenue_lifetime',
        'open_amount_reporting', 'won_amount_reporting', 'days_since_last_touch',
    ] -%}
        {%- do columns.update({name: 'numeric'}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
