{#- The public form of a profile number: p0000000042. -#}
{% macro cdp_profile_id(number) -%}
    'p' || lpad(cast({{ number }} as {{ cdp_type('text') }}), 10, '0')
{%- endmacro %}
