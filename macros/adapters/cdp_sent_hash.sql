{#- The 64-bit hash that the ledger keeps of a field as it was sent, in `field_hashes`: the
    same SQL as scripts/cdp/activation (judgement.py, hashing.py); a test holds the
    two together. `column` and `normalise`: how the sync makes the field. -#}
{% macro cdp_sent_hash(value, column, normalise) -%}
    {%- set recipe = '["' ~ column ~ '|None|' ~ (normalise or 'None') ~ '|None"]' -%}
    {{ return(adapter.dispatch('cdp_sent_hash', 'cdp')(value, dbt.string_literal(recipe))) }}
{%- endmacro %}

{% macro default__cdp_sent_hash(value, recipe) -%}
    cast(null as {{ cdp.cdp_type('integer') }})
{%- endmacro %}

{% macro duckdb__cdp_sent_hash(value, recipe) -%}
    cast(
        cast(hash(substr(sha256({{ recipe }}), 1, 16), {{ value }}) as hugeint)
        - 9223372036854775808 as bigint
    )
{%- endmacro %}

{% macro postgres__cdp_sent_hash(value, recipe) -%}
    hashtextextended(
        '16:' || substr(encode(sha256(convert_to({{ recipe }}, 'UTF8')), 'hex'), 1, 16)
        || coalesce(
            length(cast({{ value }} as text)) || ':' || cast({{ value }} as text), '-'
        ),
        0
    )
{%- endmacro %}
