{#- Whether a source is on: it is when `cdp_sources` lists it. -#}
{% macro cdp_has_source(name) -%}
    {{ return(name in (var('cdp_sources', {}) or {})) }}
{%- endmacro %}
