-- One row per (day, channel, priority) from the first ticket to today, days without one
-- as well: a ticket counts as opened, answered and solved on the days on which it was.

{{ config(schema=none, access='public') }}

with tickets as (
    select
        *,
        {{ cdp_date('opened_at') }} as opened_on,
        {{ cdp_date('first_response_at') }} as answered_on,
        {{ cdp_date('done_at') }} as solved_on
    from {{ ref('cdp_tickets') }}
),

days as (
    select * from {{ ref('cdp_days') }}
    where day <= {{ cdp_today() }}
),

kinds as (
    select
        channel,
        priority,
        min(opened_on) as first_day
    from tickets
    group by channel, priority
),

grid as (
    select
        days.day,
        kinds.channel,
        kinds.priority
    from kinds
    inner join days on kinds.first_day <= days.day
),

opened as (
    select
        opened_on as day,
        channel,
        priority,
        count(*) as tickets_opened,
        sum(reopened_count) as times_reopened,
        count(case when reopened_count > 0 then 1 end) as tickets_reopened,
        count(case when is_answered_late then 1 end) as tickets_answered_late,
        count(case when is_solved_late then 1 end) as tickets_solved_late,
        count(case when satisfaction = 'good' then 1 end) as tickets_rated_good,
        count(case when satisfaction = 'bad' then 1 end) as tickets_rated_bad
    from tickets
    group by opened_on, channel, priority
),

answered as (
    select
        answered_on as day,
        channel,
        priority,
        count(first_response_hours) as tickets_answered,
        sum(first_response_hours) as first_response_hours
    from tickets
    where answered_on is not null
    group by answered_on, channel, priority
),

solved as (
    select
        solved_on as day,
        channel,
        priority,
        count(*) as tickets_solved,
        count(resolution_hours) as tickets_timed,
        sum(resolution_hours) as resolution_hours
    from tickets
    where solved_on is not null
    group by solved_on, channel, priority
)

select
    grid.day,
    grid.channel,
    grid.priority,
    {%- for name, table in {
        'tickets_opened': 'opened', 'tickets_answered': 'answered',
        'tickets_solved': 'solved', 'times_reopened': 'opened',
        'tickets_reopened': 'opened', 'tickets_answered_late': 'opened',
        'tickets_solved_late': 'opened', 'tickets_rated_good': 'opened',
        'tickets_rated_bad': 'opened',
    }.items() %}
    cast(coalesce({{ table }}.{{ name }}, 0) as {{ cdp_type('integer') }})
        as {{ name }},
    {%- endfor %}
    coalesce(answered.first_response_hours, 0) as first_response_hours,
    {{ cdp_ratio('answered.first_response_hours', 'answered.tickets_answered') }}
        as mean_first_response_hours,
    coalesce(solved.resolution_hours, 0) as resolution_hours,
    {{ cdp_ratio('solved.resolution_hours', 'solved.tickets_timed') }}
        as mean_resolution_hours,
    cast(
        sum(
            coalesce(opened.tickets_opened, 0) - coalesce(solved.tickets_solved, 0)
        ) over (
            partition by grid.channel, grid.priority order by grid.day
        ) as {{ cdp_type('integer') }}
    ) as backlog
from grid
left join opened
    on
        grid.day = opened.day
        and grid.channel = opened.channel
        and grid.priority = opened.priority
left join answered
    on
        grid.day = answered.day
        and grid.channel = answered.channel
        and grid.priority = answered.priority
left join solved
    on
        grid.day = solved.day
        and grid.channel = solved.channel
        and grid.priority = solved.priority
