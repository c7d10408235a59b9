{#- The two sides of each override, written as identity compares them: override_id,
    action, side (one, other), identifier_type, identifier_value. -#}
{% macro cdp_override_sides(overrides) -%}
    {%- set emails = ['email'] -%}
    {%- for name, settings in var('cdp_identifier_types').items() if settings.kind == 'email' -%}
        {%- do emails.append(name) -%}
    {%- endfor -%}
    {%- for side in ['one', 'other'] %}
select
    override_id,
    action,
    '{{ side }}' as side,
    {{ side }}_type as identifier_type,
    case
        when {{ side }}_type in ('{{ emails | unique | join("', '") }}')
            then {{ cdp_normalise_email(side ~ '_value') }}
        else trim({{ side }}_value)
    end as identifier_value
from {{ overrides }}
    {%- if not loop.last %}
union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
