{#- `cdp`, `cdp_internal`, `cdp_segments`, `cdp_state`, `cdp_masked` on the demo and
    production targets; on any other, every schema takes the target's prefix
    (CDP_SCHEMA_PREFIX, else the target's name), so that developers share a database. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set name = (custom_schema_name or 'cdp') | trim -%}
    {%- set prefix = env_var('CDP_SCHEMA_PREFIX', '') -%}
    {%- if not prefix and target.name not in ('demo', 'prod') -%}
        {%- set prefix = target.name -%}
    {%- endif -%}
    {{ prefix ~ '_' ~ name if prefix else name }}
{%- endmacro %}
