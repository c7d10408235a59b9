-- One row per (profile_id, attribute_group, candidate): the values that one record
-- offers for a group of attributes, how far its rule trusts them, and their rank. Rank 1
-- survives. Reads `cdp_attributes` of the control panel.

{%- set groups = cdp_attribute_groups() %}
{%- set contact = cdp_contact_attributes() %}
{%- set names = var('cdp_attributes').keys() | reject('in', contact) | list %}

with statements as (
    select * from {{ ref('prf_statements') }}
),

contact_points as (
    select * from {{ ref('prf_contact_points') }}
),

refused as (
    select
        source,
        record_id
        {%- for name in names %},
        max(case when attribute = '{{ name }}' then 1 end) as refuses_{{ name }}
        {%- endfor %}
    from {{ ref('prf_refused_values') }}
    group by source, record_id
),

evidence as (
    select
        statements.profile_id,
        statements.source,
        statements.record_id,
        statements.party,
        statements.provider,
        statements.observed_at
        {%- for name in names %},
        case when refused.refuses_{{ name }} is null then statements.{{ name }} end
            as {{ name }}
        {%- endfor %}
    from statements
    left join refused
        on
            statements.source = refused.source
            and statements.record_id = refused.record_id
),
{% for key, group in groups.items() %}
{%- set is_contact = group.attributes[0] in contact %}
{%- set counted = group.attributes | reject('in', group.optional) | list %}

{{ key }}_candidates as (
    select
        profile_id,
        source,
        record_id,
        party,
        observed_at,
        {%- if is_contact %}
        cast(null as {{ cdp_type('text') }}) as provider,
        is_shared,
        is_verified,
        1 as filled,
        1 as fillable,
        {%- else %}
        provider,
        false as is_shared,
        false as is_verified,
        {{ cdp_filled(counted) }} as filled,
        {{ counted | length }} as fillable,
        {%- endif %}
        {%- if group.sources %}
        case source
            {%- for source in group.sources %}
            when {{ dbt.string_literal(source) }} then {{ loop.index }}
            {%- endfor %}
            else {{ group.sources | length + 1 }}
        end as source_rank,
        {%- else %}
        1 as source_rank,
        {%- endif %}
        {%- for name in var('cdp_attributes') %}
        {% if name not in group.attributes -%}
        cast(null as {{ cdp_attribute_type(name) }}) as {{ name }},
        {%- elif is_contact -%}
        value as {{ name }},
        {%- else -%}
        {{ name }},
        {%- endif %}
        {%- endfor %}
        {{ cdp_candidate_key(['value'] if is_contact else group.attributes) }} as value_key
    {%- if is_contact %}
    from contact_points
    where attribute = '{{ group.attributes[0] }}'
    {%- else %}
    from evidence
    where coalesce(
        {%- for name in group.attributes -%}
        cast({{ name }} as {{ cdp_type('text') }}){{ ', ' if not loop.last }}
        {%- endfor -%}
    ) is not null
    {%- endif %}
),
{%- endfor %}

candidates as (
    {%- for key, group in groups.items() %}
    {%- if not loop.first %}

    union all
    {% endif %}
    select
        *,
        '{{ key }}' as attribute_group,
        '{{ group.rule }}' as rule,
        {{ cdp_confidence(group) }} as confidence,
        {{ group.min_confidence or 0 }} as min_confidence
    from {{ key }}_candidates
    {%- endfor %}
),

counted as (
    select
        *,
        confidence >= min_confidence as is_believed,
        count(*) over (
            partition by profile_id, attribute_group, value_key
        ) as records_agreeing
    from candidates
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id, attribute_group
            order by
                is_believed desc,
                party,
                is_shared,
                confidence desc,
                case when rule = 'most_recent' then observed_at end desc nulls last,
                filled desc,
                observed_at desc nulls last,
                source,
                record_id,
                value_key
        ) as candidate_rank
    from counted
)

select * from ranked
