{#- One raw table as staging reads it: the columns that the source's YAML declares, cast
    to their declared types (text trimmed, empty text null), with `_source` (the schema
    it came from) and `_brand`. All schemas that `cdp_sources` lists for the source are
    unioned. A table that is absent counts as empty. A declared column that a table lacks
    is an error, unless the YAML marks it `config: {meta: {cdp_optional: true}}`: then it
    is null. -#}
{% macro cdp_source(source_name, table_name) -%}
    {%- set declared = source(source_name, table_name) -%}
    {%- if not execute or model.resource_type == 'unit_test' -%}
        select * from {{ declared }}
    {%- else -%}
        {%- set columns = cdp_source_columns(source_name, table_name) -%}
        {%- set settings = var('cdp_sources')[source_name] or {} -%}
        {%- set brands = settings.get('brand') or {} -%}
        {%- for schema in settings.get('schemas') or [source_name] -%}
            {%- set relation = declared.incorporate(path={'schema': schema}) -%}
            {%- if not loop.first %} union all {% endif -%}
            {{ cdp_source_select(relation, columns, schema, brands.get(schema)) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- {column: {type, optional}} as the source's YAML declares them. -#}
{% macro cdp_source_columns(source_name, table_name) -%}
    {%- set columns = {} -%}
    {%- for node in graph.sources.values()
        if node.source_name == source_name and node.name == table_name
        and node.package_name == model.package_name -%}
        {%- for name, column in node.columns.items() -%}
            {%- do columns.update({name: {
                'type': column.data_type or 'text',
                'optional': (column.config.meta or column.meta).get('cdp_optional', false),
            }}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{% macro cdp_source_select(relation, columns, schema, brand) -%}
    {%- set introspect = flags.INTROSPECT and flags.WHICH != 'parse' -%}
    {%- set found = load_relation(relation) if introspect else relation -%}
    {%- set present = cdp_present_columns(found) if found and introspect else {} -%}
    {%- if found and introspect -%}
        {%- do cdp_check_source_columns(found, columns, present) -%}
    {%- endif -%}
    select
        cast({{ dbt.string_literal(schema) }} as {{ cdp_type('text') }}) as _source,
        cast({{ dbt.string_literal(brand) if brand else 'null' }} as {{ cdp_type('text') }}) as _brand
    {%- for name, column in columns.items() -%}
        ,
        {% if found and (name in present or not introspect) -%}
            {{ cdp_safe_cast(adapter.quote(name), present.get(name), column.type) }}
        {%- else -%}
            cast(null as {{ cdp_type(column.type) }})
        {%- endif %} as {{ adapter.quote(name) }}
    {%- endfor %}
    {% if found %}from {{ found }}{% else %}where false{% endif %}
{%- endmacro %}

{#- {column: type} of a relation as the warehouse has it. -#}
{% macro cdp_present_columns(relation) -%}
    {%- set present = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do present.update({column.name | lower: column.dtype}) -%}
    {%- endfor -%}
    {{ return(present) }}
{%- endmacro %}

{% macro cdp_check_source_columns(relation, columns, present) -%}
    {%- set missing = [] -%}
    {%- for name, column in columns.items() if name not in present and not column.optional -%}
        {%- do missing.append(name) -%}
    {%- endfor -%}
    {%- if missing -%}
        {{ exceptions.raise_compiler_error(
            "The raw table " ~ relation.render() ~ " has no column " ~ missing | join(', ')
            ~ ". Restore it at the source, or mark it `cdp_optional: true` in the source's YAML."
        ) }}
    {%- endif -%}
{%- endmacro %}
