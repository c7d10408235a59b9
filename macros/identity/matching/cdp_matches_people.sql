{#- Whether records without an identifier in common may be found to be one person. -#}
{% macro cdp_matches_people() -%}
    {{ return(var('cdp_probable_matching', false)) }}
{%- endmacro %}
