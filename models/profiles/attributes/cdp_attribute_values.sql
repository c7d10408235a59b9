-- One row per (profile_id, attribute, value): every candidate of a golden attribute,
-- and why it won or lost; and one per (source, record_id) that says what is no evidence
-- (an echo of our own writing, an impossible date). A view: computed for the person that somebody asks about. Attributes of a
-- group win together: a lone best value loses to its group.

{{ config(schema=none, access='public', materialized='view') }}

{%- set groups = cdp_attribute_groups() %}

with candidates as (
    select * from {{ ref('prf_attribute_candidates') }}
),

refused as (
    select * from {{ ref('prf_refused_values') }}
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
        end as evidence,
        concat(
            case when is_shared then ', shared with others' else '' end,
            case
                when party = 3 then concat(', told by ', coalesce(provider, 'a provider'))
                when party = 2 then ', told by a partner'
                else ''
            end,
            ', confidence ', cast(cast(confidence as numeric(5, 3)) as
                {{ cdp_type('text') }}),
            case
                when not is_believed
                    then concat(
                        ', below the minimum of ',
                        cast(min_confidence as {{ cdp_type('text') }})
                    )
                else ''
            end
        ) as doubts
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
        source,
        record_id,
        observed_at,
        concat(rule, ' in group ', attribute_group, ': ', evidence, doubts) as why,
        confidence,
        candidate_rank,
        candidate_rank = 1 and is_believed as is_winner
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

told as (
    select
        profile_id,
        attribute,
        value,
        source,
        record_id,
        observed_at,
        is_winner,
        true as is_evidence,
        confidence,
        why,
        candidate_rank
    from best_of_each_value
    where position_in_value = 1

    union all

    select
        profile_id,
        attribute,
        value,
        source,
        record_id,
        observed_at,
        false as is_winner,
        false as is_evidence,
        cast(0 as {{ cdp_type('float') }}) as confidence,
        why,
        cast(null as {{ cdp_type('integer') }}) as candidate_rank
    from refused
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
            order by candidate_rank nulls last, source, record_id
        ) as rank,
        is_winner,
        is_evidence,
        confidence,
        concat(
            why, ', observed ',
            coalesce(cast({{ cdp_date('observed_at') }} as {{ cdp_type('text') }}), 'never')
        ) as why
    from told
)

select * from final
