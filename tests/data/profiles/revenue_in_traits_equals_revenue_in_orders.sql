-- Invariant: what every person has spent is what the person's orders in each currency
-- came to, at the rates of their days, to the cent; cancelled orders left out. Counted
-- from the input, by no model of ours.

{%- set reporting = "'" ~ var("cdp_reporting_currency") ~ "'" %}

with orders as (
    select
        cdp_identity_map.profile_id,
        coalesce(upper(inp_orders.currency), {{ reporting }}) as currency,
        inp_orders.total,
        cast(inp_orders.occurred_at as date) as order_date
    from {{ ref('inp_orders') }} as inp_orders
    inner join {{ ref('cdp_identity_map') }} as cdp_identity_map
        on
            inp_orders.source = cdp_identity_map.source
            and inp_orders.identity_key = cdp_identity_map.record_id
    where
        inp_orders.total is not null
        and inp_orders.is_deleted is not true
        and inp_orders.occurred_at <= {{ cdp_now() }}
        and coalesce(inp_orders.cancelled_at > {{ cdp_now() }}, true)
        and coalesce(inp_orders.status, '') not in ('cancelled', 'canceled', 'voided')
),

orders_by_currency as (
    select
        orders.profile_id,
        orders.currency,
        count(*) as orders,
        sum(
            case
                when orders.currency = {{ reporting }} then orders.total
                else orders.total * rates.rate
            end
        ) as revenue
    from orders
    left join {{ ref('inp_reporting_rates') }} as rates
        on
            orders.currency = rates.currency
            and orders.order_date >= rates.valid_from
            and orders.order_date < rates.valid_to
    where orders.currency = {{ reporting }} or rates.rate is not null
    group by orders.profile_id, orders.currency
),

expected as (
    select
        profile_id,
        {{ dbt.listagg('currency', "', '", 'order by currency') }} as currencies,
        sum(orders) as orders,
        sum(revenue) as revenue
    from orders_by_currency
    group by profile_id
)

select
    profiles.profile_id,
    expected.currencies,
    expected.orders as orders_expected,
    profiles.orders_lifetime - profiles.orders_without_rate as orders_found,
    expected.revenue as revenue_expected,
    profiles.revenue_lifetime as revenue_found
from {{ ref('cdp_profiles') }} as profiles
full outer join expected on profiles.profile_id = expected.profile_id
where
    abs(coalesce(expected.revenue, 0) - coalesce(profiles.revenue_lifetime, 0)) >= 0.01
    or coalesce(expected.orders, 0) <> coalesce(
        profiles.orders_lifetime - profiles.orders_without_rate, 0
    )
