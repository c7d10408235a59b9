-- One row per (profile_id, attribute, value): every candidate of a golden attribute,
-- and why it won or lost. A view: computed for the person that somebody asks about.
-- Attributes of a group win together: a lone best value loses to its group.

{{ config(schema=none, access='public', materialized='view') }}

{%- set groups = cdp_attribute_groups() %}

with candidates as (
    select * from {{ ref('prf_attribute_candidates') }}
),

explained as (
    select
        *,
        case rule
            when 'source_priority'
                then concat('source ', cast(source_rank as {{ cdp_type('text') }}))
            when 'most_frequent'
                then concat(
                    'said by ', cast(records_agreeing as {{ cdp_type('text') }}), ' records'
                )
            when 'verified_first'
                then case when is_verified then 'verified' else 'not verified' end
            else concat(
                cast(filled as {{ cdp_type('text') }}), ' of ',
                cast(fillable as {{ cdp_type('text') }}), ' filled'
            )
        end as evidence
    from candidates
),

candidate_values as (
    {%- for key, group in groups.items() %}
    {%- set outer = loop %}
    {%- for name in group.attributes %}
    {%- if not (loop.first and outer.first) %}

    union all
    {% endif %}
    select
        profile_id,
        '{{ name }}' as attribute,
        cast({{ name }} as {{ cdp_type('text') }}) as value,
        attribute_group,
        rule,
        source,
        record_id,
        observed_at,
        is_shared,
        evidence,
        candidate_rank
    from explained
    where attribute_group = '{{ key }}' and {{ name }} is not null
    {%- endfor %}
    {%- endfor %}
),

best_of_each_value as (
    select
        *,
        row_number() over (
            partition by profile_id, attribute, value
            order by candidate_rank
        ) as position_in_value
    from candidate_values
),

final as (
    select
        profile_id,
        attribute,
        value,
        source,
        record_id,
        observed_at,
        row_number() over (
            partition by profile_id, attribute
            order by candidate_rank
        ) as rank,
        candidate_rank = 1 as is_winner,
        concat(
            rule, ' in group ', attribute_group, ': ', evidence,
            case when is_shared then ', shared with others' else '' end,
            ', observed ',
            coalesce(cast({{ cdp_date('observed_at') }} as {{ cdp_type('text') }}), 'never')
        ) as why
    from best_of_each_value
    where position_in_value = 1
)

select * from final
