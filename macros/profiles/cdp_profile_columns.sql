{#- {column: type} of cdp_profiles: the golden attributes, what is known of the person, and
    the traits. -#}
{% macro cdp_profile_columns() -%}
    {%- set columns = {} -%}
    {%- for name in var('cdp_attributes', {}) or {} -%}
        {%- do columns.update({
            name: cdp_contract('people').get(name, 'text'),
        }) -%}
    {%- endfor -%}
    {%- do columns.update({
        'is_known': 'boolean', 'person_records': 'integer', 'sources': 'integer',
        'first_seen_at': 'timestamp', 'last_seen_at': 'timestamp',
    }) -%}
    {%- for trait in cdp_traits() -%}
        {%- for name, column in trait.columns.items() -%}
            {%- do columns.update({name: column.type}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
