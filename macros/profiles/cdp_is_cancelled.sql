{#- Whether an order is cancelled by now. -#}
{% macro cdp_is_cancelled() -%}
    (
        coalesce(cancelled_at <= {{ cdp_now() }}, false)
        or coalesce(lower(status) in ('cancelled', 'canceled', 'voided'), false)
    )
{%- endmacro %}
