-- One row per (cohort_month, months_since): customers by the month of their first
-- order, and how many order in that month and in each one after it, up to the present.

{{ config(schema=none, access='public') }}

with order_days as (
    select
        *,
        cast({{ dbt.date_trunc('month', 'order_date') }} as date) as order_month
    from {{ ref('prf_order_days') }}
),

months as (
    select day as month
    from {{ ref('cdp_days') }}
    where
        day = cast({{ dbt.date_trunc('month', 'day') }} as date)
        and day <= {{ cdp_today() }}
),

first_orders as (
    select
        profile_id,
        min(order_month) as cohort_month
    from order_days
    group by profile_id
),

cohorts as (
    select
        cohort_month,
        count(*) as customers
    from first_orders
    group by cohort_month
),

orders_of_cohorts as (
    select
        first_orders.cohort_month,
        order_days.order_month,
        count(distinct order_days.profile_id) as active_customers,
        sum(order_days.orders) as orders,
        sum(order_days.revenue) as revenue
    from order_days
    inner join first_orders on order_days.profile_id = first_orders.profile_id
    group by first_orders.cohort_month, order_days.order_month
),

retention as (
    select
        cohorts.cohort_month,
        months.month as order_month,
        {{ dbt.datediff('cohorts.cohort_month', 'months.month', 'month') }}
            as months_since,
        cohorts.customers,
        coalesce(orders_of_cohorts.active_customers, 0) as active_customers,
        coalesce(orders_of_cohorts.orders, 0) as orders,
        coalesce(orders_of_cohorts.revenue, 0) as revenue
    from cohorts
    inner join months on cohorts.cohort_month <= months.month
    left join orders_of_cohorts
        on
            cohorts.cohort_month = orders_of_cohorts.cohort_month
            and months.month = orders_of_cohorts.order_month
)

select
    cohort_month,
    cast(months_since as {{ cdp_type('integer') }}) as months_since,
    order_month,
    customers,
    active_customers,
    {{ cdp_ratio('active_customers', 'customers') }} as retention_rate,
    cast(orders as {{ cdp_type('integer') }}) as orders,
    revenue,
    sum(revenue) over (
        partition by cohort_month order by months_since
    ) as revenue_so_far,
    {{ cdp_rounded(
        'sum(revenue) over (partition by cohort_month order by months_since) / customers'
    ) }} as revenue_per_customer_so_far
from retention
