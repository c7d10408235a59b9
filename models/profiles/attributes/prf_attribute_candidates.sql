-- One row per (profile_id, attribute_group, candidate): the values that one record
-- offers for a group of attributes, and their rank by the group's rule. Rank 1
-- survives. Reads `cdp_attributes` of the control panel.

{%- set groups = cdp_attribute_groups() %}
{%- set contact = cdp_contact_attributes() %}

with people as (
    select * from {{ ref('prf_people') }}
),

contact_points as (
    select * from {{ ref('prf_contact_points') }}
),

candidates as (
    {%- for key, group in groups.items() %}
    {%- set is_contact = group.attributes[0] in contact %}
    {%- set counted = group.attributes | reject('in', group.optional) | list %}
    {%- if not loop.first %}

    union all
    {% endif %}
    select
        profile_id,
        '{{ key }}' as attribute_group,
        '{{ group.rule }}' as rule,
        source,
        record_id,
        {%- if is_contact %}
        observed_at,
        is_shared,
        is_verified,
        1 as filled,
        1 as fillable,
        {%- else %}
        updated_at as observed_at,
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
    from people
    where coalesce(
        {%- for name in group.attributes -%}
        cast({{ name }} as {{ cdp_type('text') }}){{ ', ' if not loop.last }}
        {%- endfor -%}
    ) is not null
    {%- endif %}
    {%- endfor %}
),

counted as (
    select
        *,
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
                is_shared,
                case rule
                    when 'source_priority' then source_rank
                    when 'most_frequent' then -records_agreeing
                    when 'most_complete' then -filled
                    when 'verified_first' then case when is_verified then 0 else 1 end
                    else 0
                end,
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
