-- One row per profile_id that began a checkout; the open cart is the latest that was
-- neither completed nor followed by an order.

with carts as (
    select * from {{ ref('prf_carts') }}
    where started_at <= {{ cdp_now() }}
),

last_orders as (
    select
        profile_id,
        last_order_at
    from {{ ref('prf_traits__orders') }}
),

marked as (
    select
        carts.*,
        (
            carts.completed_at is null
            and coalesce(last_orders.last_order_at < carts.started_at, true)
        ) as is_open
    from carts
    left join last_orders on carts.profile_id = last_orders.profile_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id
            order by
                case when is_open then 0 else 1 end,
                started_at desc,
                source,
                record_id
        ) as position
    from marked
),

final as (
    select
        profile_id,
        count(*) as carts_lifetime,
        count(case when completed_at is null then 1 end) as carts_abandoned_lifetime,
        {%- for name, column in {
            'open_cart_started_at': 'started_at', 'open_cart_value': 'value_reporting',
            'open_cart_lines': 'line_count', 'open_cart_url': 'url',
        }.items() %}
        max(case when position = 1 and is_open then {{ column }} end) as {{ name }},
        {%- endfor %}
        max(
            case
                when position = 1 and is_open
                    then {{ cdp_days_since('started_at') }}
            end
        ) as days_since_open_cart
    from ranked
    group by profile_id
)

select * from final
