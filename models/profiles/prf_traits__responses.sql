-- One row per profile_id that answered a survey: the latest answer to each instrument.

with responses as (
    select * from {{ ref('prf_responses') }}
    where score is not null
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id, instrument
            order by occurred_at desc, source, record_id
        ) as position
    from responses
),

latest as (
    select
        profile_id,
        {%- for instrument in ['nps', 'csat'] %}
        max(case when instrument = '{{ instrument }}' and position = 1 then score end)
            as last_{{ instrument }}_score,
        max(case when instrument = '{{ instrument }}' then occurred_at end)
            as last_{{ instrument }}_at,
        {%- endfor %}
        max(occurred_at) as last_response_at
    from ranked
    group by profile_id
),

final as (
    select
        *,
        case
            when last_nps_score >= 9 then 'promoter'
            when last_nps_score >= 7 then 'passive'
            when last_nps_score is not null then 'detractor'
        end as nps_group
    from latest
)

select * from final
