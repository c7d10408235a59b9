{#- Run before every build: the control panel's nested keys, each checked with one clear
    sentence. (`cdp check` also checks the top-level names, which a macro cannot see.) -#}
{% macro cdp_check_config() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- do cdp_check_inputs() -%}
        {%- do cdp_check_sources() -%}
        {%- do cdp_check_identifier_types() -%}
        {%- do cdp_check_identifiers_are_emitted() -%}
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

{#- A type that no input has is a slip of the pen: it would never link anybody. Here for
    our own project alone, with all sources on: what a host takes over from our defaults,
    and models that are off, only `cdp check` can tell. -#}
{% macro cdp_check_identifiers_are_emitted() -%}
    {%- set emitted, listed, present = [], [], [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
        {%- do present.append(node.package_name ~ '.' ~ node.name) -%}
    {%- endfor -%}
    {%- for entries in (var('cdp_inputs', {}) or {}).values() -%}
        {%- do listed.extend(entries or []) -%}
    {%- endfor -%}
    {%- for entry in listed if entry in present -%}
        {%- set package, name = entry.split('.') -%}
        {%- do emitted.extend(cdp_stated_identifiers({'package': package, 'name': name})) -%}
    {%- endfor -%}
    {%- if project_name == 'cdp' and not listed | reject('in', present) | list -%}
        {%- for name in cdp_identifier_types() if name not in emitted -%}
            {{ exceptions.raise_compiler_error(
                "vars: cdp_identifier_types." ~ name ~ ": no model that cdp_inputs lists "
                ~ "has this identifier. Name it in the cdp_identifiers of one, or take it out."
            ) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
