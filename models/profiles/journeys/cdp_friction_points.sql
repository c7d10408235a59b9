-- One row per kind: what people do in visits of the last `cdp_path_days` days, how
-- often they do it over again, and how often they leave there without an order.

{{ config(schema=none, access='public') }}

with steps as (
    select * from {{ ref('prf_visit_steps') }}
),

per_visit as (
    select
        session_id,
        kind,
        has_order,
        sum(times) as times,
        max(case when next_kind is null then 1 else 0 end) as is_exit
    from steps
    group by session_id, kind, has_order
),

kinds as (
    select
        kind,
        count(*) as visits,
        count(case when times > 1 then 1 end) as visits_repeating,
        count(case when is_exit = 1 then 1 end) as exits,
        count(case when is_exit = 1 and not has_order then 1 end)
            as exits_without_order
    from per_visit
    group by kind
),

pauses as (
    select
        kind,
        percentile_cont(0.5) within group (
            order by {{ dbt.datediff('occurred_at', 'next_at', 'second') }}
        ) as median_seconds_to_next
    from steps
    where next_at is not null
    group by kind
),

final as (
    select
        kinds.kind,
        kinds.visits,
        kinds.visits_repeating,
        kinds.exits,
        kinds.exits_without_order,
        cast(kinds.visits_repeating as {{ cdp_type('float') }}) / kinds.visits
            as repeat_rate,
        cast(kinds.exits_without_order as {{ cdp_type('float') }}) / kinds.visits
            as exit_rate,
        pauses.median_seconds_to_next,
        row_number() over (
            order by kinds.exits_without_order desc, kinds.kind
        ) as friction_rank
    from kinds
    left join pauses on kinds.kind = pauses.kind
)

select * from final
