{#- 1 for a source of our own, 2 for one of `cdp_second_party_sources` (a partner's list):
    what others tell of a person is believed where we know nothing ourselves. -#}
{% macro cdp_party(source) -%}
    {%- set schemas = [] -%}
    {%- for name in var('cdp_second_party_sources', []) or [] -%}
        {%- do schemas.extend(cdp_source_schemas(name)) -%}
    {%- endfor -%}
    {%- if schemas -%}
        case when {{ source }} in ({{ cdp_text_list(schemas) }}) then 2 else 1 end
    {%- else -%}
        1
    {%- endif -%}
{%- endmacro %}

{#- The schemas in which a source of `cdp_sources` lands: what its rows say in `source`. -#}
{% macro cdp_source_schemas(name) -%}
    {%- set settings = (var('cdp_sources', {}) or {}).get(name) or {} -%}
    {{ return(settings.get('schemas') or [name]) }}
{%- endmacro %}

{#- Texts as a list of SQL literals. -#}
{% macro cdp_text_list(texts) -%}
    {%- for text in texts -%}
        {{ dbt.string_literal(text) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
