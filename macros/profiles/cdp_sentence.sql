{#- A name such as `product_viewed` as people read it: `Product viewed`. -#}
{% macro cdp_sentence(name) -%}
    upper(substr({{ name }}, 1, 1)) || replace(substr({{ name }}, 2), '_', ' ')
{%- endmacro %}
