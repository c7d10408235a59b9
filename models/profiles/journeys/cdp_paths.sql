-- One row per path: the first five steps of visits in the last `cdp_path_days` days,
-- the most frequent 1,000 of them, and how often they led to an order.

{{ config(schema=none, access='public') }}

with steps as (
    select * from {{ ref('prf_visit_steps') }}
    where step_number <= 5
),

visits as (
    select
        session_id,
        has_order,
        count(*) as steps,
        {{ dbt.listagg('kind', "' > '", 'order by step_number') }} as path
    from steps
    group by session_id, has_order
),

paths as (
    select
        path,
        max(steps) as steps,
        count(*) as visits,
        count(case when has_order then 1 end) as visits_with_order
    from visits
    group by path
),

ranked as (
    select
        row_number() over (order by visits desc, path) as path_rank,
        path,
        steps,
        visits,
        cast(visits as {{ cdp_type('float') }}) / sum(visits) over ()
            as share_of_visits,
        visits_with_order,
        cast(visits_with_order as {{ cdp_type('float') }}) / visits as order_rate
    from paths
)

select * from ranked
where path_rank <= 1000
