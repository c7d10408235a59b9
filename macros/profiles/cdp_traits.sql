{#- The trait models that the control panel lists: [{name, relation, columns}], columns
    being {name: {type, default}} as each model's YAML documents them, profile_id left
    out. -#}
{% macro cdp_traits() -%}
    {%- set traits = [] -%}
    {%- for entry in var('cdp_traits', []) or [] -%}
        {%- set parts = entry.split('.') -%}
        {%- if parts | length != 2 -%}
            {{ exceptions.raise_compiler_error(
                "cdp_traits[" ~ loop.index0 ~ "] is '" ~ entry ~ "'. Write it as package.model."
            ) }}
        {%- endif -%}
        {%- do traits.append({
            'name': parts[1],
            'relation': ref(parts[0], parts[1]),
            'columns': cdp_trait_columns(parts[0], parts[1]) if execute else {},
        }) -%}
    {%- endfor -%}
    {%- do cdp_check_trait_columns(traits) -%}
    {{ return(traits) }}
{%- endmacro %}

{% macro cdp_trait_columns(package, name) -%}
    {%- set columns = {} -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.name == name
        and node.package_name == package -%}
        {%- for column in node.columns.values() if column.name != 'profile_id' -%}
            {%- do columns.update({
                column.name: {
                    'type': column.data_type,
                    'default': (column.config.meta or column.meta).get('cdp_default'),
                },
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if not columns -%}
        {{ exceptions.raise_compiler_error(
            package ~ "." ~ name ~ " is listed in cdp_traits and documents no columns. "
            ~ "Name in its YAML the columns that cdp_profiles is to have."
        ) }}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}

{#- Two traits may not make a column of the same name, nor one of an attribute's. -#}
{% macro cdp_check_trait_columns(traits) -%}
    {%- set owners = {} -%}
    {%- for name in var('cdp_attributes', {}) or {} -%}
        {%- do owners.update({name: 'cdp_attributes'}) -%}
    {%- endfor -%}
    {%- for trait in traits -%}
        {%- for name in trait.columns -%}
            {%- if name in owners -%}
                {{ exceptions.raise_compiler_error(
                    "Both " ~ owners[name] ~ " and " ~ trait.name ~ " make the column '" ~ name
                    ~ "' of cdp_profiles. Rename one."
                ) }}
            {%- endif -%}
            {%- do owners.update({name: trait.name}) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}

{#- A trait's column as cdp_profiles has it: the default for people without a row; a count
    is an integer, though the warehouse gives a sum of integers a wider type. -#}
{% macro cdp_trait_column(trait, name) -%}
    {%- set column = trait.columns[name] -%}
    {%- set value = trait.name ~ '.' ~ name -%}
    {%- if column.default is not none -%}
        {%- set value = 'coalesce(' ~ value ~ ', ' ~ cdp_literal(column.default) ~ ')' -%}
    {%- endif -%}
    {%- if column.type == 'integer' -%}
        {%- set value = 'cast(' ~ value ~ ' as ' ~ cdp_type('integer') ~ ')' -%}
    {%- endif -%}
    {{ return(value) }}
{%- endmacro %}

{#- A default from YAML as a SQL literal. -#}
{% macro cdp_literal(value) -%}
    {%- if value is boolean -%}
        {{ 'true' if value else 'false' }}
    {%- elif value is number -%}
        {{ value }}
    {%- else -%}
        {{ dbt.string_literal(value) }}
    {%- endif -%}
{%- endmacro %}
