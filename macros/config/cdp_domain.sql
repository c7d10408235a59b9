{#- The domain of a website or of a bare domain: no scheme, no `www.`, no path. -#}
{% macro cdp_domain(column) -%}
    nullif({{ dbt.split_part(
        "regexp_replace(lower(trim(" ~ column ~ ")), '^(https?://)?(www[.])?', '')", "'/'", 1
    ) }}, '')
{%- endmacro %}
