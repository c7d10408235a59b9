{#- What syncs write that a source may tell us back: [{sync, sources, column, field,
    normalise}], a golden attribute each. A sync comes back in the source that its
    meta `cdp_echoes_in` names (a schema), else in the source named like its destination.
    What is hashed or filled into a template comes back as nothing that we could mistake for a
    person's word; of what is set once the ledger does not keep what it was. -#}
{% macro cdp_written_fields() -%}
    {%- set written = [] -%}
    {%- for exposure in (graph.exposures.values() if execute else []) -%}
        {%- set meta = exposure.config.meta or exposure.meta or {} -%}
        {%- set sources = cdp_echo_sources(meta) -%}
        {%- for field, given in (meta.get('cdp_fields') or {}).items() if sources -%}
            {%- set settings = {'column': given} if given is string else given -%}
            {%- if settings.get('column') in var('cdp_attributes') and cdp_can_echo(settings) -%}
                {%- do written.append({
                    'sync': exposure.name, 'sources': sources, 'column': settings.column,
                    'field': field, 'normalise': settings.get('normalise'),
                }) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(written) }}
{%- endmacro %}

{% macro cdp_can_echo(settings) -%}
    {{ return(not (
        settings.get('hash') or settings.get('template') or settings.get('set_once')
    )) }}
{%- endmacro %}

{% macro cdp_echo_sources(meta) -%}
    {%- if meta.get('cdp_echoes_in') -%}
        {%- set schemas = [] -%}
        {%- for name in var('cdp_sources', {}) or {} -%}
            {%- do schemas.extend(cdp_source_schemas(name)) -%}
        {%- endfor -%}
        {%- if meta.cdp_echoes_in not in schemas -%}
            {{ exceptions.raise_compiler_error(
                "A sync's cdp_echoes_in is '" ~ meta.cdp_echoes_in ~ "', which is no schema of "
                ~ "cdp_sources. There are: " ~ schemas | join(', ') ~ "."
            ) }}
        {%- endif -%}
        {{ return([meta.cdp_echoes_in]) }}
    {%- elif cdp_has_source(meta.get('cdp_destination')) -%}
        {{ return(cdp_source_schemas(meta.cdp_destination)) }}
    {%- endif -%}
    {{ return([]) }}
{%- endmacro %}

{#- A stated value as the sync would have sent it (scripts/cdp/activation/mapping.py). -#}
{% macro cdp_as_sent(value, normalise) -%}
    {%- if normalise == 'phone' -%}
        nullif(regexp_replace({{ value }}, '[^0-9+]', '', 'g'), '')
    {%- elif normalise in ('email', 'lower') -%}
        nullif(lower(trim({{ value }})), '')
    {%- else -%}
        {{ value }}
    {%- endif -%}
{%- endmacro %}
