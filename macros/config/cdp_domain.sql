{#- The domain of a website or of a bare domain: no scheme, no `www.`, no path. -#}
{% macro cdp_domain(column) -%}
    {%- set without_scheme -%}
        regexp_replace(lower(trim({{ column }})), '^(https?://)?(www[.])?', '')
    {%- endset -%}
    nullif({{ dbt.split_part(without_scheme, "'/'", 1) }}, '')
{%- endmacro %}
