-- One row per refund of a profile's order, up to now. A refund names nobody: its order
-- does.

with refunds as (
    select * from {{ ref('inp_refunds') }}
),

orders as (
    select * from {{ ref('prf_orders') }}
),

refunds_of_orders as (
    select
        orders.profile_id,
        refunds.source,
        refunds.record_id,
        orders.brand,
        refunds.occurred_at,
        refunds.order_id,
        refunds.amount,
        refunds.amount_reporting,
        refunds.currency,
        refunds.reason
    from refunds
    inner join orders
        on
            refunds.source = orders.source
            and refunds.order_id = orders.record_id
    where
        coalesce(refunds.is_deleted, false) = false
        and {{ cdp_has_come('refunds.occurred_at') }}
)

select * from refunds_of_orders
