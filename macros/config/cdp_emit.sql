{#- The last select of a staging model: every column of the contract, typed; the listed
    ones and the common ones from `relation`, the others null; then the identifier
    columns that the model states in its `cdp_identifiers`. People also get the columns
    folded for matching. -#}
{% macro cdp_emit(contract, relation, columns) -%}
    {%- set contract_columns = cdp.cdp_contract(contract) -%}
    {%- set identifiers = cdp.cdp_own_identifiers() -%}
    {%- set common = ['source', 'record_id', 'brand', 'is_deleted'] -%}
    {%- for name in columns if name not in contract_columns -%}
        {{ exceptions.raise_compiler_error(
            "'" ~ name ~ "' is no column of the contract " ~ contract ~ ". It has: "
            ~ contract_columns.keys() | join(', ') ~ "."
        ) }}
    {%- endfor -%}
select
    {%- for name, type in contract_columns.items() %}
    {% if name in common or name in columns -%}
        cast({{ name }} as {{ cdp.cdp_type(type) }}) as {{ name }},
    {%- else -%}
        cast(null as {{ cdp.cdp_type(type) }}) as {{ name }},
    {%- endif -%}
    {%- endfor -%}
    {%- if contract == 'people' %}
    {{ cdp.cdp_match_columns(columns, identifiers) }}
    {%- endif -%}
    {%- for name in identifiers %}
    cast({{ name }} as {{ cdp.cdp_type('text') }}) as {{ name }},
    {%- endfor %}
    cast({{ dbt.string_literal(model.name) }} as {{ cdp.cdp_type('text') }}) as input_model
from {{ relation }}
{%- endmacro %}

{#- The identifier columns that the model states. dbt gives a unit test the code of its
    model but not the meta: there they are read from the code. -#}
{% macro cdp_own_identifiers() -%}
    {%- if model.resource_type != 'unit_test' -%}
        {{ return((config.get('meta') or {}).get('cdp_identifiers', [])) }}
    {%- endif -%}
    {%- set stated = modules.re.search("'cdp_identifiers': \[([^\]]*)\]", model.raw_code) -%}
    {{ return(modules.re.findall("'(\w+)'", stated.group(1)) if stated else []) }}
{%- endmacro %}

{#- Names without titles, degrees and middle initials, address and the local part of the
    email, folded to lower-case ASCII; empty means null. -#}
{% macro cdp_match_columns(columns, identifiers) -%}
    {%- set beside = {
        'first_name': '^((' ~ cdp.cdp_titles() ~ ')( |$))+|( [a-z])+$',
        'last_name': '( (' ~ cdp.cdp_degrees() ~ '))+$',
    } -%}
    {%- for name in ['first_name', 'last_name', 'address_line1', 'city', 'postal_code'] -%}
    {%- set folded = cdp.cdp_fold('cast(' ~ name ~ ' as ' ~ cdp.cdp_type('text') ~ ')') -%}
    {%- if name in columns and name in beside %}
    nullif(regexp_replace({{ folded }}, '{{ beside[name] }}', '', 'g'), '') as match_{{ name }},
    {% elif name in columns %}
    {{ folded }} as match_{{ name }},
    {% else %}
    cast(null as {{ cdp.cdp_type('text') }}) as match_{{ name }},
    {% endif -%}
    {%- endfor -%}
    {%- if 'email' in identifiers -%}
    {{ cdp.cdp_fold(dbt.split_part('cast(email as ' ~ cdp.cdp_type('text') ~ ')', "'@'", 1)) }} as match_email_local,
    {%- else -%}
    cast(null as {{ cdp.cdp_type('text') }}) as match_email_local,
    {%- endif -%}
{%- endmacro %}
