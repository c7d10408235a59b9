{#- The contract of a table that others may widen: every column that its YAML names is
    there, with its type. (dbt's enforced contract refuses a column more.) Returns the
    columns that are missing or of another type. -#}
{% test cdp_has_documented_columns(model) %}

{%- set found = {} -%}
{%- for column in (adapter.get_columns_in_relation(model) if execute else []) -%}
    {%- do found.update({column.name | lower: column}) -%}
{%- endfor -%}
{%- set wrong = [] -%}
{%- for node in (graph.nodes.values() if execute else [])
    if node.resource_type == 'model' and node.name == model.identifier -%}
    {%- for column in node.columns.values() -%}
        {%- if column.name not in found -%}
            {%- do wrong.append([column.name, 'missing']) -%}
        {%- elif not cdp_is_of_type(found[column.name], column.data_type) -%}
            {%- do wrong.append([column.name, found[column.name].dtype]) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endfor %}
{%- for name, problem in wrong %}
{{ 'union all' if not loop.first }}
select
    '{{ name }}' as column_name,
    '{{ problem }}' as problem
{%- else %}
select
    'none' as column_name,
    'none' as problem
where false
{%- endfor %}

{% endtest %}

{#- Whether a column of the warehouse is of one of the types that our YAML speaks of. -#}
{% macro cdp_is_of_type(column, type) -%}
    {%- set dtype = column.dtype | lower -%}
    {%- if type in ('text', 'json') -%}
        {{ return(column.is_string()) }}
    {%- elif type == 'integer' -%}
        {{ return(dtype in ('bigint', 'integer')) }}
    {%- elif type in ('numeric', 'float') -%}
        {{ return(column.is_number() or dtype.startswith('decimal')) }}
    {%- else -%}
        {{ return(dtype.startswith(type)) }}
    {%- endif -%}
{%- endmacro %}
