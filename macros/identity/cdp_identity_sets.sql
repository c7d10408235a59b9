{#- The distinct identifier sets of one contract's facts. Rows of one identity_key carry
    the same identifiers, so `min` only names them. -#}
{% macro cdp_identity_sets(contract, relation) -%}
    {%- set columns = cdp_contract(contract) -%}
    {%- set clock = 'occurred_at' if 'occurred_at' in columns else 'updated_at' -%}
    select
        source,
        identity_key as record_id,
        {% if 'country_code' in columns %}min(country_code){% else %}cast(null as {{ cdp_type('text') }}){% endif %} as country_code,
        min({{ clock }}) as first_seen_at,
        max({{ clock }}) as last_seen_at,
        {%- for type in var('cdp_identifier_types') %}
        min({{ type }}) as {{ type }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    where identity_key is not null and not coalesce(is_deleted, false)
    group by source, identity_key
{%- endmacro %}
