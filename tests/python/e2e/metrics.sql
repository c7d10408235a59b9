-- What the metrics should be on a built demo, by hand: from the inputs and the identity
-- map where there is a way around the tables that the metrics read.
with orders as (
    select
        identity_map.profile_id,
        orders.source || ':' || orders.record_id as order_id,
        orders.occurred_at,
        orders.total_reporting
    from cdp_internal.inp_orders as orders
    inner join cdp.cdp_identity_map as identity_map
        on
            orders.source = identity_map.source
            and orders.identity_key = identity_map.record_id
    where
        orders.is_deleted is not true
        and orders.occurred_at <= $now
        and (orders.cancelled_at is null or orders.cancelled_at > $now)
        and coalesce(orders.status, '') not in ('cancelled', 'canceled', 'voided')
),

buyers as (
    select
        profile_id,
        count(*) as orders,
        sum(total_reporting) as revenue,
        date_diff('day', max(occurred_at), $now) as days_since
    from orders
    group by profile_id
),

deals as (
    select
        arg_max(coalesce(is_won, false), (occurred_at, coalesce(is_closed, false))) as is_won,
        arg_max(coalesce(is_closed, false), (occurred_at, coalesce(is_closed, false)))
            as is_closed,
        arg_max(amount_reporting, (occurred_at, coalesce(is_closed, false))) as amount
    from cdp_internal.inp_opportunities
    where is_deleted is not true and occurred_at <= $now
    group by source, opportunity_id
),

tickets as (
    select
        *,
        solved_at is null and status not in ('solved', 'closed') as is_open,
        date_diff('second', opened_at, first_response_at) / 3600.0 as first_response,
        date_diff('second', opened_at, solved_at) / 3600.0 as resolution
    from cdp_internal.inp_tickets
    where is_deleted is not true and opened_at <= $now
),

people as (
    select distinct profile_id from cdp_internal.prf_people
    union
    select profile_id from cdp.cdp_attribute_values
    where is_winner and attribute in ('email', 'phone')
)

select
    (select count(*) from people) as cdp_known_people,
    (select count(*) from buyers) as cdp_customers,
    (select count(*) from buyers) as cdp_active_customers,
    (select count(*) from buyers where orders > 1) as cdp_repeat_customers,
    (select avg(if(orders > 1, 1.0, 0)) from buyers) as cdp_repeat_rate,
    (select count(*) from buyers where days_since >= 180) as cdp_lapsed_customers,
    (select avg(if(days_since >= 180, 1.0, 0)) from buyers) as cdp_churn_rate,
    (select sum(revenue) from buyers) as cdp_customer_revenue,
    (select avg(revenue) from buyers) as cdp_customer_lifetime_value,
    (select count(*) from orders) as cdp_orders,
    (select sum(total_reporting) from orders) as cdp_revenue,
    (select avg(total_reporting) from orders) as cdp_average_order_value,
    (
        select count(*) from cdp.cdp_segment_memberships where exited_at is null
    ) as cdp_segment_members,
    (select count(*) from cdp.cdp_segment_memberships) as cdp_segment_entries,
    (select count(*) from deals) as cdp_deals,
    (select sum(amount) from deals where not is_closed) as cdp_open_pipeline,
    (select count(*) from deals where is_won) as cdp_deals_won,
    (select count(*) from deals where is_closed) as cdp_deals_ended,
    (select avg(if(is_won, 1.0, 0)) from deals where is_closed) as cdp_win_rate,
    (select sum(amount) from deals where is_won) as cdp_won_amount,
    (select count(*) from tickets) as cdp_tickets,
    (select count(*) from tickets where is_open) as cdp_open_tickets,
    (select count(*) from tickets where reopened_count > 0) as cdp_reopened_tickets,
    (select avg(if(reopened_count > 0, 1.0, 0)) from tickets) as cdp_reopen_rate,
    (
        select avg(first_response) from tickets where first_response >= 0
    ) as cdp_first_response_hours,
    (
        select avg(resolution) from tickets where resolution >= 0 and not is_open
    ) as cdp_resolution_hours,
    (
        select count(*) from tickets where satisfaction in ('good', 'bad')
    ) as cdp_tickets_rated,
    (
        select count(*) from tickets where satisfaction = 'good'
    ) as cdp_tickets_rated_good,
    (
        select avg(if(satisfaction = 'good', 1.0, 0))
        from tickets
        where satisfaction in ('good', 'bad')
    ) as cdp_satisfaction
