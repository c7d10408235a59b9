{#- An identifier column (`table.column`) as identity compares it, by the kind and scope of
    its type. A value of scope `source` is told apart by its source, unless it already
    names one (`sources` is then joined on the part before the colon). -#}
{% macro cdp_normalise(column, settings) -%}
    {%- if settings.kind == 'email' -%}
        {{ cdp_normalise_email(column) }}
    {%- elif settings.kind == 'phone' -%}
        {{ cdp_normalise_phone(column, 'countries') }}
    {%- elif settings.scope == 'source' -%}
        case when sources.source is null then records.source || ':' else '' end
        || nullif(trim({{ column }}), '')
    {%- else -%}
        nullif(trim({{ column }}), '')
    {%- endif -%}
{%- endmacro %}
