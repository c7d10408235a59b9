-- One row per profile_id with order lines: what its purchases left us after the cost of
-- the goods, in the reporting currency, over the lines whose cost is known.

with days as (
    select
        *,
        {{ cdp_days_since('order_date') }} as days_ago
    from {{ ref('prf_margin_days') }}
),

over_windows as (
    select
        profile_id,
        {{ cdp_over_windows('margin', 'margin', [90, 365], type='numeric') }},
        sum(revenue) as revenue_with_cost,
        sum(lines_without_cost) as lines_without_cost
    from days
    group by profile_id
),

final as (
    select
        profile_id,
        margin_last_90_days,
        margin_last_365_days,
        margin_lifetime,
        cast(margin_lifetime as {{ cdp_type('float') }})
        / nullif(revenue_with_cost, 0) as margin_share,
        lines_without_cost
    from over_windows
)

select * from final
