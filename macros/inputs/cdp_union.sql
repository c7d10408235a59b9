{#- All staging models that the control panel lists for a contract, as one stream.
    Models of a source that is off are skipped; with none left the stream is empty.
    Every identifier type becomes a column, null where a model does not know it.
    `identity_key` joins to cdp_identity_map.record_id: for people the record's own id,
    for all else the md5 of the row's set of identifiers (null: it names nobody). -#}
{% macro cdp_union(contract) -%}
    {%- set columns = cdp_contract(contract) -%}
    {%- if contract == 'people' -%}
        {%- for name in cdp_match_column_names() -%}
            {%- do columns.update({name: 'text'}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set types = (var('cdp_identifier_types', {}) or {}).keys() | list -%}
    {%- set inputs = cdp_active_inputs(contract) -%}
    {%- for input in inputs %}
    {%- if not loop.first %}
union all
    {%- endif %}
    {{ cdp_union_member(input, columns, types, contract) }}
    {%- endfor -%}
    {%- if not inputs %}
select
    {%- for name, type in columns.items() %}
    cast(null as {{ cdp_type(type) }}) as {{ name }},
    {%- endfor %}
    {%- for name in types %}
    cast(null as {{ cdp_type('text') }}) as {{ name }},
    {%- endfor %}
    cast(null as {{ cdp_type('text') }}) as input_model,
    cast(null as {{ cdp_type('text') }}) as identity_key
where false
    {%- endif -%}
{%- endmacro %}

{% macro cdp_match_column_names() -%}
    {{ return([
        'match_first_name', 'match_last_name', 'match_address_line1', 'match_city',
        'match_postal_code', 'match_email_local',
    ]) }}
{%- endmacro %}

{#- [{package, name, relation}] for the inputs of a contract that are on. -#}
{% macro cdp_active_inputs(contract) -%}
    {%- set inputs = [] -%}
    {%- for entry in (var('cdp_inputs', {}) or {}).get(contract) or [] -%}
        {%- set parts = entry.split('.') -%}
        {%- if parts | length != 2 -%}
            {{ exceptions.raise_compiler_error(
                "cdp_inputs." ~ contract ~ "[" ~ loop.index0 ~ "] is '" ~ entry
                ~ "'. Write it as package.model."
            ) }}
        {%- endif -%}
        {%- set source_name = parts[1].split('__')[0] | replace('stg_', '') -%}
        {%- if parts[0] != 'cdp' or cdp_has_source(source_name) -%}
            {%- do inputs.append({
                'package': parts[0], 'name': parts[1], 'relation': ref(parts[0], parts[1]),
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(inputs) }}
{%- endmacro %}

{% macro cdp_union_member(input, columns, types, contract) -%}
    {%- set known = cdp_stated_identifiers(input) if execute else [] -%}
    {%- if execute -%}
        {%- do cdp_check_contract_columns(input, columns, known, contract) -%}
    {%- endif -%}
select
    {%- for name in columns %}
    {{ name }},
    {%- endfor %}
    {%- for name in types %}
    {% if name in known %}{{ name }}{% else %}cast(null as {{ cdp_type('text') }}) as {{ name }}{% endif %},
    {%- endfor %}
    input_model,
    {{ cdp_identity_key(contract, known, types) }} as identity_key
from {{ input.relation }}
{%- endmacro %}

{#- The identifier columns that an input model states in config(meta.cdp_identifiers). -#}
{% macro cdp_stated_identifiers(input) -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.name == input.name
        and node.package_name == input.package -%}
        {{ return(node.config.meta.get('cdp_identifiers', [])) }}
    {%- endfor -%}
    {{ return([]) }}
{%- endmacro %}

{% macro cdp_identity_key(contract, known, types) -%}
    {%- set stated = [] -%}
    {%- for name in types if name in known -%}{%- do stated.append(name) -%}{%- endfor -%}
    {%- if contract == 'people' -%}
        record_id
    {%- elif not stated -%}
        cast(null as {{ cdp_type('text') }})
    {%- else -%}
        case when coalesce({{ stated | join(', ') }}) is not null then {{ dbt.hash(
            "concat(source, " ~ cdp_labelled(stated) | join(", ") ~ ")"
        ) }} end
    {%- endif -%}
{%- endmacro %}

{% macro cdp_labelled(names) -%}
    {%- set parts = [] -%}
    {%- for name in names -%}
        {%- do parts.append("'|" ~ name ~ "=', coalesce(" ~ name ~ ", '')") -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}

{#- A listed model must have every column of its contract: says which is missing. -#}
{% macro cdp_check_contract_columns(input, columns, known, contract) -%}
    {%- if flags.WHICH in ('run', 'build') and flags.INTROSPECT and model.resource_type == 'model' -%}
        {%- set present = [] -%}
        {%- for column in adapter.get_columns_in_relation(input.relation) -%}
            {%- do present.append(column.name | lower) -%}
        {%- endfor -%}
        {%- for name in columns.keys() | list + known if present and name not in present -%}
            {{ exceptions.raise_compiler_error(
                input.package ~ "." ~ input.name ~ " has no column '" ~ name ~ "', which the contract "
                ~ contract ~ " asks for. Add it, or end the model with cdp_emit('" ~ contract ~ "', …)."
            ) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
