{#- All staging models that the control panel lists for a contract, as one stream.
    Models of a source that is off are skipped; with none left the stream is empty.
    Every identifier type becomes a column, null where a model does not know it.
    `identity_key` joins to cdp_identity_map.record_id: for people the record's own id,
    for all else the md5 of the row's set of identifiers (null: it names nobody).
    `row_hash` stands for the row's content: by it later tables find what has changed. -#}
{% macro cdp_union(contract) -%}
    {%- set inputs = cdp_active_inputs(contract) -%}
    {%- for input in inputs %}
    {%- if not loop.first %}
union all
    {%- endif %}
{{ cdp_union_member(input, contract) }}
    {%- else -%}
select
        {%- for name, type in cdp_input_columns(contract).items() %}
    cast(null as {{ cdp_type(type) }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
where false
    {%- endfor -%}
{%- endmacro %}

{#- {column: type} of a stream: the contract's, the identifier types', its origin. -#}
{% macro cdp_input_columns(contract) -%}
    {%- set columns = cdp_promised_columns(contract) -%}
    {%- for name in cdp_identifier_types() -%}
        {%- do columns.update({name: 'text'}) -%}
    {%- endfor -%}
    {%- do columns.update({
        'input_model': 'text', 'identity_key': 'text', 'row_hash': 'integer',
    }) -%}
    {{ return(columns) }}
{%- endmacro %}

{#- {column: type} that every model of a contract has; people have those that cdp_emit
    folds for matching too. -#}
{% macro cdp_promised_columns(contract) -%}
    {%- set columns = cdp_contract(contract) -%}
    {%- if contract == 'people' -%}
        {%- for name in cdp_match_column_names() -%}
            {%- do columns.update({name: 'text'}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}

{% macro cdp_identifier_types() -%}
    {{ return((var('cdp_identifier_types', {}) or {}).keys() | list) }}
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
                "vars: cdp_inputs." ~ contract ~ "[" ~ loop.index0 ~ "] is '" ~ entry
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

{% macro cdp_union_member(input, contract) -%}
    {%- set columns = cdp_promised_columns(contract) -%}
    {%- set stated = cdp_stated_identifiers(input) if execute else [] -%}
    {%- if execute -%}
        {%- do cdp_check_contract_columns(input, columns.keys() | list + stated, contract) -%}
    {%- endif -%}
select
    {%- for name in columns %}
    {{ name }},
    {%- endfor %}
    {%- for name in cdp_identifier_types() if name not in columns %}
    {{ name if name in stated else 'cast(null as ' ~ cdp_type('text') ~ ') as ' ~ name }},
    {%- endfor %}
    cast({{ dbt.string_literal(input.name) }} as {{ cdp_type('text') }}) as input_model,
    identity_key,
    {{ cdp_row_hash(columns.keys() | list + ['identity_key']) }} as row_hash
from (
    select
        *,
        {{ cdp_identity_key(contract, stated) }} as identity_key
    from {{ input.relation }}
) as stated_rows
{%- endmacro %}

{#- The identifier columns that an input model states in config(meta.cdp_identifiers), in
    the order of the control panel. A unit test does not see them: there it has none. -#}
{% macro cdp_stated_identifiers(input) -%}
    {%- set stated = [] -%}
    {%- for node in graph.get('nodes', {}).values()
        if node.resource_type == 'model' and node.name == input.name
        and node.package_name == input.package -%}
        {%- set own = node.config.meta.get('cdp_identifiers', []) -%}
        {%- do cdp_check_keys(
            input.package ~ '.' ~ input.name ~ ": meta cdp_identifiers", own,
            cdp_identifier_types()
        ) -%}
        {%- for name in cdp_identifier_types() if name in own -%}
            {%- do stated.append(name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(stated) }}
{%- endmacro %}

{% macro cdp_identity_key(contract, stated) -%}
    {%- set labelled = [] -%}
    {%- for name in stated -%}
        {%- do labelled.append("'|" ~ name ~ "=', coalesce(" ~ name ~ ", '')") -%}
    {%- endfor -%}
    {%- if contract == 'people' -%}
        record_id
    {%- elif not stated -%}
        cast(null as {{ cdp_type('text') }})
    {%- else -%}
        case
            when coalesce({{ stated | join(', ') }}) is not null
                then {{ dbt.hash("concat(source, " ~ labelled | join(', ') ~ ")") }}
        end
    {%- endif -%}
{%- endmacro %}

{#- A listed model must have every column of its contract: says which are missing. -#}
{% macro cdp_check_contract_columns(input, columns, contract) -%}
    {%- if flags.WHICH in ('run', 'build') and flags.INTROSPECT and model.resource_type == 'model' -%}
        {%- set present = cdp_present_columns(input.relation) -%}
        {%- set missing = [] -%}
        {%- for name in columns if present and name not in present -%}
            {%- do missing.append(name) -%}
        {%- endfor -%}
        {%- if missing -%}
            {{ exceptions.raise_compiler_error(
                input.package ~ "." ~ input.name ~ " has no column " ~ missing | join(', ')
                ~ ", which the contract " ~ contract ~ " asks for. Add it, or end the model with "
                ~ "cdp_emit('" ~ contract ~ "', …)."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
