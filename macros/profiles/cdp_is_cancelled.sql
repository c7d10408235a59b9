{#- Whether an order is cancelled by now. -#}
{% macro cdp_is_cancelled() -%}
    (
        coalesce({{ cdp_has_come('cancelled_at') }}, false)
        or coalesce(lower(status) in ('cancelled', 'canceled', 'voided'), false)
    )
{%- endmacro %}
