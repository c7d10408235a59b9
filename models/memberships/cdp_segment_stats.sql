-- One row per (segment, day) on which any membership changed, and today: how many were
-- in at the end of the day, how many came and went. Days between two rows were as the
-- first. Turnover is who left, of who was in before; stability, told on the last day
-- alone, is who stayed, of who was in 30 days ago.

{{ config(access='public') }}

{%- set thirty_days_ago = "(" ~ cdp_now() ~ " - interval '30' day)" %}

with memberships as (
    select * from {{ ref('cdp_segment_memberships') }}
),

moves as (
    select
        segment,
        {{ cdp_date('entered_at') }} as day,
        1 as entered,
        0 as exited
    from memberships

    union all

    select
        segment,
        {{ cdp_date('exited_at') }} as day,
        0 as entered,
        1 as exited
    from memberships
    where exited_at is not null

    {%- for segment in cdp_segments() %}

    union all

    select
        '{{ segment.name }}' as segment,
        {{ cdp_today() }} as day,
        0 as entered,
        0 as exited
    {%- endfor %}
),

moves_per_day as (
    select
        segment,
        day,
        cast(sum(entered) as {{ cdp_type('integer') }}) as entered,
        cast(sum(exited) as {{ cdp_type('integer') }}) as exited
    from moves
    group by segment, day
),

-- Every segment has a row on each day on which one of them moved, so that they line up.
days as (
    select distinct day from moves_per_day
),

first_days as (
    select
        segment,
        min(day) as first_day
    from moves_per_day
    group by segment
),

sizes as (
    select
        first_days.segment,
        days.day,
        cast(
            sum(
                coalesce(moves_per_day.entered, 0) - coalesce(moves_per_day.exited, 0)
            ) over (
                partition by first_days.segment
                order by days.day
                rows between unbounded preceding and current row
            ) as {{ cdp_type('integer') }}
        ) as size,
        coalesce(moves_per_day.entered, 0) as entered,
        coalesce(moves_per_day.exited, 0) as exited
    from first_days
    inner join days on first_days.first_day <= days.day
    left join moves_per_day
        on
            first_days.segment = moves_per_day.segment
            and days.day = moves_per_day.day
),

turnovers as (
    select
        *,
        cast(exited as {{ cdp_type('float') }})
        / nullif(size - entered + exited, 0) as turnover,
        {{ cdp_turnover_pct('segment') }} / 100.0 as declared_turnover
    from sizes
),

stability as (
    select
        segment,
        {{ cdp_date(cdp_now()) }} as day,
        avg(case when exited_at is null then 1.0 else 0.0 end) as stability
    from memberships
    where
        entered_at <= {{ thirty_days_ago }}
        and coalesce(exited_at > {{ thirty_days_ago }}, true)
    group by segment
),

stats as (
    select
        turnovers.segment,
        turnovers.day,
        turnovers.size,
        turnovers.entered,
        turnovers.exited,
        turnovers.turnover,
        cast(turnovers.declared_turnover as {{ cdp_type('float') }})
            as declared_turnover,
        coalesce(turnovers.turnover, 0) <= turnovers.declared_turnover
            as is_within_turnover,
        cast(stability.stability as {{ cdp_type('float') }}) as stability,
        {{ cdp_segment_syncs('turnovers.segment') }} as syncs
    from turnovers
    left join stability
        on
            turnovers.segment = stability.segment
            and turnovers.day = stability.day
)

select * from stats
