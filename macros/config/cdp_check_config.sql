{#- Run before every build: the control panel's nested keys, each checked with one clear
    sentence. (`cdp check` also checks the top-level names, which a macro cannot see.) -#}
{% macro cdp_check_config() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- do cdp_check_inputs() -%}
        {%- do cdp_check_sources() -%}
        {%- do cdp_check_identifier_types() -%}
    {%- endif -%}
{%- endmacro %}

{% macro cdp_check_keys(path, given, allowed) -%}
    {%- for key in given if key not in allowed -%}
        {{ exceptions.raise_compiler_error(
            "Unknown key '" ~ key ~ "' in " ~ path ~ ". It takes: " ~ allowed | join(', ') ~ "."
        ) }}
    {%- endfor -%}
{%- endmacro %}

{% macro cdp_check_inputs() -%}
    {%- do cdp_check_keys(
        'vars: cdp_inputs', (var('cdp_inputs', {}) or {}).keys(), cdp_contracts().keys() | list
    ) -%}
{%- endmacro %}

{% macro cdp_check_sources() -%}
    {%- for name, settings in (var('cdp_sources', {}) or {}).items() -%}
        {%- do cdp_check_keys(
            'vars: cdp_sources.' ~ name, (settings or {}).keys(), ['database', 'schemas', 'brand']
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro cdp_check_identifier_types() -%}
    {%- for name, settings in (var('cdp_identifier_types', {}) or {}).items() -%}
        {%- do cdp_check_keys(
            'vars: cdp_identifier_types.' ~ name, (settings or {}).keys(), ['kind', 'scope']
        ) -%}
        {%- if settings.kind not in ('email', 'phone', 'text') -%}
            {{ exceptions.raise_compiler_error(
                "vars: cdp_identifier_types." ~ name ~ ".kind is '" ~ settings.kind
                ~ "'. Use email, phone or text."
            ) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
