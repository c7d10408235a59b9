{#- A state table as the run before left it, for a model that the state itself is made
    from: a ref() would be a circle. `columns` is {name: type}, for the first run, which
    finds no table. -#}
{% macro cdp_state_rows(name, columns) -%}
    {%- set relation = none -%}
    {%- if execute and flags.INTROSPECT -%}
        {%- set relation = adapter.get_relation(
            database=target.database, schema=cdp_state_schema(), identifier=name
        ) -%}
    {%- endif -%}
    {%- if relation -%}
        select {{ columns.keys() | join(', ') }} from {{ relation }}
    {%- else -%}
        select
            {%- for column, type in columns.items() %}
            cast(null as {{ cdp_type(type) }}) as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        where false
    {%- endif -%}
{%- endmacro %}
