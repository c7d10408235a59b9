{#- The logarithm to base two: evidence in bits. -#}
{% macro cdp_bits(ratio) -%}
    ln(cast({{ ratio }} as {{ cdp_type('float') }})) / ln(cast(2 as {{ cdp_type('float') }}))
{%- endmacro %}
