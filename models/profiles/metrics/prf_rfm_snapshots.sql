-- One row per (profile_id, as_of_date): recency, frequency and monetary scores, 1 to 5,
-- by fifths of who were customers that day; today and each 90 days before, back to 360.
-- Equal customers score equally, so a fifth may be larger.

with order_days as (
    select * from {{ ref('prf_order_days') }}
),

days as (
    select day as as_of_date
    from {{ ref('cdp_days') }}
    where
        {{ cdp_days_since('day') }} between 0 and 360
        and mod({{ cdp_days_since('day') }}, 90) = 0
),

orders_by_then as (
    select
        order_days.*,
        days.as_of_date,
        {{ dbt.datediff('order_days.order_date', 'days.as_of_date', 'day') }}
            as days_ago
    from order_days
    inner join days on order_days.order_date <= days.as_of_date
),

customers as (
    select
        profile_id,
        as_of_date,
        min(days_ago) as days_since_last_order,
        coalesce(sum(case when days_ago < 365 then orders end), 0)
            as orders_last_365_days,
        coalesce(sum(case when days_ago < 365 then revenue end), 0)
            as revenue_last_365_days
    from orders_by_then
    group by profile_id, as_of_date
),

positions as (
    select
        profile_id,
        as_of_date,
        percent_rank() over (
            partition by as_of_date order by days_since_last_order desc
        ) as recency,
        percent_rank() over (
            partition by as_of_date order by orders_last_365_days
        ) as frequency,
        percent_rank() over (
            partition by as_of_date order by revenue_last_365_days
        ) as monetary
    from customers
),

scores as (
    select
        profile_id,
        as_of_date,
        cast(least(1 + floor(recency * 5), 5) as {{ cdp_type('integer') }})
            as rfm_recency,
        cast(least(1 + floor(frequency * 5), 5) as {{ cdp_type('integer') }})
            as rfm_frequency,
        cast(least(1 + floor(monetary * 5), 5) as {{ cdp_type('integer') }})
            as rfm_monetary
    from positions
)

select
    profile_id,
    as_of_date,
    rfm_recency,
    rfm_frequency,
    rfm_monetary,
    case
        when rfm_recency >= 4 and rfm_frequency >= 4 then 'champions'
        when rfm_recency >= 3 and rfm_frequency >= 3 then 'loyal'
        when rfm_recency >= 4 then 'promising'
        when rfm_recency = 3 then 'needs_attention'
        when rfm_frequency >= 3 then 'at_risk'
        else 'hibernating'
    end as rfm_segment
from scores
