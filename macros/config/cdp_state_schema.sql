{#- The schema that holds state: what raw cannot rebuild. -#}
{% macro cdp_state_schema() -%}
    {{ return(generate_schema_name('cdp_state', none) | trim) }}
{%- endmacro %}
