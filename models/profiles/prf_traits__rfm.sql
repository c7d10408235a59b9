-- One row per profile_id that ordered: recency, frequency and monetary scores, 1 to 5,
-- by fifths of the customers. Equal customers score equally, so a fifth may be larger.

with customers as (
    select * from {{ ref('prf_traits__orders') }}
),

positions as (
    select
        profile_id,
        percent_rank() over (order by days_since_last_order desc) as recency,
        percent_rank() over (order by orders_last_365_days) as frequency,
        percent_rank() over (order by revenue_last_365_days) as monetary
    from customers
),

scores as (
    select
        profile_id,
        cast(least(1 + floor(recency * 5), 5) as {{ cdp_type('integer') }})
            as rfm_recency,
        cast(least(1 + floor(frequency * 5), 5) as {{ cdp_type('integer') }})
            as rfm_frequency,
        cast(least(1 + floor(monetary * 5), 5) as {{ cdp_type('integer') }})
            as rfm_monetary
    from positions
),

final as (
    select
        profile_id,
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
)

select * from final
