{#- The golden attributes that the control panel declares, checked, by survivorship group:
    {group: {rule, sources, half_life_days, min_confidence, attributes: [name],
    optional: [name]}}. An attribute without a group stands alone. All attributes of a group
    survive together, from one record, so that a street of one source never meets the town of
    another. -#}
{% macro cdp_attribute_groups() -%}
    {%- set groups = {} -%}
    {%- for name, settings in (var('cdp_attributes', {}) or {}).items() -%}
        {%- do cdp_check_attribute(name, settings) -%}
        {%- set key = settings.get('group') or name -%}
        {%- set group = groups.get(key) or {
            'rule': settings.rule, 'sources': settings.get('sources') or [],
            'half_life_days': settings.get('half_life_days'),
            'min_confidence': settings.get('min_confidence'),
            'attributes': [], 'optional': [],
        } -%}
        {%- for setting in ['rule', 'half_life_days', 'min_confidence']
            if group[setting] != settings.get(setting) -%}
            {{ exceptions.raise_compiler_error(
                "vars: cdp_attributes." ~ name ~ "." ~ setting ~ " is '" ~ settings.get(setting)
                ~ "', but others of the group '" ~ key ~ "' say '" ~ group[setting]
                ~ "'. A group survives by one rule."
            ) }}
        {%- endfor -%}
        {%- do group.attributes.append(name) -%}
        {%- if settings.get('optional') -%}{%- do group.optional.append(name) -%}{%- endif -%}
        {%- do groups.update({key: group}) -%}
    {%- endfor -%}
    {{ return(groups) }}
{%- endmacro %}

{#- The rules of survivorship. Each gives a candidate its confidence (cdp_confidence); after
    it come the more complete, then the more recent, then source and record_id, so that
    re-runs agree. -#}
{% macro cdp_survivorship_rules() -%}
    {{ return([
        'most_recent', 'source_priority', 'most_frequent', 'most_complete', 'verified_first',
    ]) }}
{%- endmacro %}

{% macro cdp_check_attribute(name, settings) -%}
    {%- set path = 'vars: cdp_attributes.' ~ name -%}
    {%- do cdp_check_keys(path, settings.keys(), [
        'rule', 'group', 'sources', 'optional', 'half_life_days', 'min_confidence',
    ]) -%}
    {%- if settings.get('rule') not in cdp_survivorship_rules() -%}
        {{ exceptions.raise_compiler_error(
            path ~ ".rule is '" ~ settings.get('rule') ~ "'. Use one of: "
            ~ cdp_survivorship_rules() | join(', ') ~ "."
        ) }}
    {%- endif -%}
    {%- if settings.rule == 'source_priority' and not settings.get('sources') -%}
        {{ exceptions.raise_compiler_error(
            path ~ " survives by source_priority, which needs `sources: [first, second]`."
        ) }}
    {%- endif -%}
    {%- do cdp_check_number(path ~ '.half_life_days', settings.get('half_life_days'), 1, 36500) -%}
    {%- do cdp_check_number(path ~ '.min_confidence', settings.get('min_confidence'), 0, 1) -%}
    {%- if name in cdp_contact_attributes() and settings.get('group', name) != name -%}
        {{ exceptions.raise_compiler_error(
            path ~ ".group: an email or a phone survives alone. Remove the key."
        ) }}
    {%- endif -%}
    {%- if name not in cdp_contract('people') and name not in cdp_contact_attributes() -%}
        {{ exceptions.raise_compiler_error(
            path ~ " is no column of the contract people. It has: "
            ~ cdp_contract('people').keys() | join(', ') ~ "."
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro cdp_check_number(path, value, least, most) -%}
    {%- if value is not none and not (value is number and least <= value <= most) -%}
        {{ exceptions.raise_compiler_error(
            path ~ " is '" ~ value ~ "'. Use a number from " ~ least ~ " to " ~ most ~ "."
        ) }}
    {%- endif -%}
{%- endmacro %}

{#- Attributes that are identifiers as well: they come from the identity layer, normalised. -#}
{% macro cdp_contact_attributes() -%}
    {{ return(['email', 'phone']) }}
{%- endmacro %}

{#- The type of an attribute's column. -#}
{% macro cdp_attribute_type(name) -%}
    {{ return(cdp_type(cdp_contract('people').get(name, 'text')) | trim) }}
{%- endmacro %}

{#- How many of the columns are filled, as SQL. -#}
{% macro cdp_filled(columns) -%}
    {%- for name in columns -%}
        {{ ' + ' if not loop.first }}case when {{ name }} is not null then 1 else 0 end
    {%- endfor -%}
{%- endmacro %}

{#- One text for all values of a candidate: equal when two candidates say the same. -#}
{% macro cdp_candidate_key(columns) -%}
    concat(
        {%- for name in columns -%}
        {%- if not loop.first %}, '|', {% endif -%}
        lower(coalesce(cast({{ name }} as {{ cdp_type('text') }}), ''))
        {%- endfor -%}
    )
{%- endmacro %}
