-- One row per profile_id that ordered: how much, how often, when last. Cancelled orders
-- do not count. Amounts are in the reporting currency; an order without a rate counts
-- as an order, and its amount is missing (orders_without_rate).

with days as (
    select
        *,
        {{ cdp_days_since('order_date') }} as days_ago
    from {{ ref('prf_order_days') }}
),

orders as (
    select * from {{ ref('prf_orders') }}
    where not is_cancelled
),

refunds as (
    select * from {{ ref('prf_refunds') }}
),

over_windows as (
    select
        profile_id,
        {{ cdp_over_windows('orders', 'orders') }},
        {{ cdp_over_windows('revenue', 'revenue', type='numeric') }},
        sum(orders_with_coupon) as orders_with_coupon,
        sum(orders_without_rate) as orders_without_rate,
        min(days_ago) as days_since_last_order,
        max(days_ago) as days_since_first_order
    from days
    group by profile_id
),

places as (
    select
        profile_id,
        min(occurred_at) as first_order_at,
        max(occurred_at) as last_order_at,
        sum(case when channel = 'store' then 1 else 0 end) as orders_in_store,
        sum(case when channel = 'store' then 0 else 1 end) as orders_online,
        count(distinct store_id) as stores_visited,
        max(total_reporting) as largest_order_value
    from orders
    group by profile_id
),

orders_ranked as (
    select
        profile_id,
        channel,
        row_number() over (
            partition by profile_id
            order by occurred_at desc, source, record_id
        ) as position
    from orders
),

orders_per_channel as (
    select
        profile_id,
        channel,
        row_number() over (
            partition by profile_id
            order by count(*) desc, max(occurred_at) desc, channel
        ) as position
    from orders
    where channel is not null
    group by profile_id, channel
),

orders_per_store as (
    select
        profile_id,
        store_id,
        count(*) as orders,
        max(occurred_at) as last_order_at
    from orders
    where store_id is not null
    group by profile_id, store_id
),

stores_ranked as (
    select
        profile_id,
        store_id,
        row_number() over (
            partition by profile_id
            order by orders desc, last_order_at desc, store_id
        ) as position
    from orders_per_store
),

returns as (
    select
        profile_id,
        count(distinct order_id) as orders_returned,
        coalesce(sum(amount_reporting), 0) as refunded_lifetime
    from refunds
    group by profile_id
),

final as (
    select
        over_windows.*,
        places.first_order_at,
        places.last_order_at,
        cast(
            over_windows.revenue_lifetime / nullif(
                over_windows.orders_lifetime - over_windows.orders_without_rate, 0
            ) as numeric(28, 2)
        ) as average_order_value,
        case
            when over_windows.orders_lifetime > 1
                then cast(
                    over_windows.days_since_first_order
                    - over_windows.days_since_last_order
                    as {{ cdp_type('float') }}
                ) / (over_windows.orders_lifetime - 1)
        end as average_days_between_orders,
        places.largest_order_value,
        orders_ranked.channel as last_order_channel,
        orders_per_channel.channel as favourite_order_channel,
        places.orders_in_store,
        places.orders_online,
        places.stores_visited,
        stores_ranked.store_id as favourite_store_id,
        cast(over_windows.orders_with_coupon as {{ cdp_type('float') }})
        / nullif(over_windows.orders_lifetime, 0) as coupon_share,
        coalesce(returns.orders_returned, 0) as orders_returned,
        cast(coalesce(returns.orders_returned, 0) as {{ cdp_type('float') }})
        / nullif(over_windows.orders_lifetime, 0) as return_share,
        coalesce(returns.refunded_lifetime, 0) as refunded_lifetime
    from over_windows
    inner join places on over_windows.profile_id = places.profile_id
    inner join orders_ranked
        on
            over_windows.profile_id = orders_ranked.profile_id
            and orders_ranked.position = 1
    left join orders_per_channel
        on
            over_windows.profile_id = orders_per_channel.profile_id
            and orders_per_channel.position = 1
    left join stores_ranked
        on
            over_windows.profile_id = stores_ranked.profile_id
            and stores_ranked.position = 1
    left join returns on over_windows.profile_id = returns.profile_id
)

select * from final
