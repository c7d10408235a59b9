{#- The warehouse's type for one of the types that contracts and source YAML speak of:
    text, json (kept as text), integer, numeric, float, boolean, date, timestamp (UTC). -#}
{% macro cdp_type(name) -%}
    {%- set types = {
        'text': dbt.type_string(),
        'json': dbt.type_string(),
        'integer': dbt.type_bigint(),
        'numeric': dbt.type_numeric(),
        'float': cdp.cdp_type_double(),
        'boolean': dbt.type_boolean(),
        'date': 'date',
        'timestamp': dbt.type_timestamp(),
    } -%}
    {%- if name not in types -%}
        {{ exceptions.raise_compiler_error(
            "Unknown type '" ~ name ~ "'. Use one of: " ~ types.keys() | join(', ') ~ "."
        ) }}
    {%- endif -%}
    {{ types[name] }}
{%- endmacro %}
