{#- The rows of an input contract that belong to a person and have happened: the listed
    columns with `profile_id` in front. Everything after identity reads contracts through
    this. Rows that the source deleted, that lie in the future of the one clock (unless
    `until_now` is false), or that name nobody, stay out. -#}
{% macro cdp_profiled(contract, columns, until_now=true) -%}
    {%- set known = cdp_contract(contract).keys() | list -%}
    {%- set clock = 'occurred_at' if 'occurred_at' in known else 'updated_at' -%}
select
    cdp_identity_map.profile_id,
    inputs.source,
    inputs.record_id,
    inputs.brand
    {%- for name in columns %},
    inputs.{{ name }}
    {%- endfor %}
from {{ ref('inp_' ~ contract) }} as inputs
inner join {{ ref('cdp_identity_map') }} as cdp_identity_map
    on
        inputs.source = cdp_identity_map.source
        and inputs.identity_key = cdp_identity_map.record_id
where
    coalesce(inputs.is_deleted, false) = false
    {%- if not until_now %}
    {%- elif clock == 'occurred_at' %}
    and {{ cdp_has_come('inputs.occurred_at') }}
    {%- else %}
    and (inputs.updated_at is null or {{ cdp_has_come('inputs.updated_at') }})
    {%- endif %}
{%- endmacro %}
