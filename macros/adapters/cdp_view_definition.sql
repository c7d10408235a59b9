{#- The SQL of a model's view, as the warehouse tells it. -#}
{% macro cdp_view_definition(node) -%}
    {{ return(adapter.dispatch('cdp_view_definition', 'cdp')(node)) }}
{%- endmacro %}

{% macro default__cdp_view_definition(node) -%}
    {%- set rows = run_query(
        "select view_definition from information_schema.views where table_catalog = '"
        ~ node.database ~ "' and table_schema = '" ~ node.schema ~ "' and table_name = '"
        ~ node.alias ~ "'"
    ) -%}
    {{ return(rows[0][0]) }}
{%- endmacro %}

{% macro spark__cdp_view_definition(node) -%}
    {{ return(run_query('show create table ' ~ node.relation_name)[0][0]) }}
{%- endmacro %}
