-- One row per (funnel, step_number): how many people came to each step of a funnel, and
-- where they dropped off. A funnel with a step that no interaction has says so in
-- `problem`, and has no figures: they would be wrong.

{{ config(schema=none, access='public') }}

with people as (
    select * from {{ ref('prf_funnel_people') }}
),

kinds as (
    select
        kind,
        count(*) as interactions
    from {{ ref('cdp_timeline') }}
    where kind in ({{ cdp_text_list(cdp_funnel_kinds() or ['']) }})
    group by kind
),

declared as (
    {%- for name, funnel in cdp_funnels().items() %}
    {%- set is_first_funnel = loop.first %}
    {%- for kind in funnel.steps %}
    {%- if not (is_first_funnel and loop.first) %}

    union all
    {% endif %}
    select
        {{ dbt.string_literal(name) }} as funnel,
        {{ loop.index }} as step_number,
        {{ dbt.string_literal(kind) }} as kind,
        {{ funnel.window_days }} as window_days,
        {{ funnel.period_days }} as period_days
    {%- endfor %}
    {%- else %}
    select
        cast(null as {{ cdp_type('text') }}) as funnel,
        1 as step_number,
        kind,
        1 as window_days,
        1 as period_days
    from kinds
    where false
    {%- endfor %}
),

reached as (
    select
        funnel,
        step_number,
        count(*) as people,
        percentile_cont(0.5) within group (
            order by seconds_from_start / 3600.0
        ) as median_hours_from_start
    from people
    group by funnel, step_number
),

steps as (
    select
        declared.*,
        coalesce(reached.people, 0) as people,
        reached.median_hours_from_start,
        coalesce(kinds.interactions, 0) as interactions,
        min(coalesce(kinds.interactions, 0)) over (
            partition by declared.funnel
        ) as fewest_interactions
    from declared
    left join reached
        on
            declared.funnel = reached.funnel
            and declared.step_number = reached.step_number
    left join kinds on declared.kind = kinds.kind
),

sound as (
    select
        *,
        case when fewest_interactions > 0 then people end as people_here,
        case
            when fewest_interactions > 0
                then first_value(people) over (
                    partition by funnel
                    order by step_number
                )
        end as people_at_first,
        case
            when fewest_interactions > 0
                then lag(people) over (
                    partition by funnel
                    order by step_number
                )
        end as people_before
    from steps
),

measured as (
    select
        *,
        people_before - people_here as people_lost,
        cast(people_before - people_here as {{ cdp_type('float') }})
        / nullif(people_before, 0) as drop_off_rate
    from sound
),

final as (
    select
        funnel,
        step_number,
        kind,
        window_days,
        period_days,
        people_here as people,
        cast(people_here as {{ cdp_type('float') }}) / nullif(people_at_first, 0)
            as share_of_first,
        people_lost,
        drop_off_rate,
        coalesce(
            people_lost > 0
            and people_lost = max(people_lost) over (partition by funnel),
            false
        ) as is_largest_drop,
        case when people_here is not null then median_hours_from_start end
            as median_hours_from_start,
        interactions,
        case
            when interactions = 0
                then concat('no interaction is of the kind ', kind)
            when fewest_interactions = 0
                then 'another step is of a kind that no interaction has'
        end as problem
    from measured
)

select * from final
