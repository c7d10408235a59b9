{#- The contracts whose rows name somebody, people first. -#}
{% macro cdp_identity_contracts() -%}
    {{ return([
        'people', 'events', 'orders', 'carts', 'subscriptions', 'messages', 'tickets',
        'opportunities', 'activities', 'responses', 'consents', 'enrichments',
    ]) }}
{%- endmacro %}
