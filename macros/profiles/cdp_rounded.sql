{#- A number to the cent. -#}
{% macro cdp_rounded(number) -%}
    round(cast({{ number }} as {{ cdp_type('numeric') }}), 2)
{%- endmacro %}
