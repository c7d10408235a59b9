-- One row per state change of a subscription: its status, or when it is to end. Feeds
-- the contract subscriptions.

{{ config(
    enabled=cdp_has_source('stripe'),
    meta={
        'cdp_contract': 'subscriptions',
        'cdp_identifiers': ['stripe_customer_id'],
    },
) }}

with subscription_history as (
    {{ cdp_source('stripe', 'subscription_history') }}
),

subscription_items as (
    {{ cdp_source('stripe', 'subscription_item') }}
),

plans as (
    {{ cdp_source('stripe', 'plan') }}
),

dated_versions as (
    select
        *,
        -- Without the connector's own date: when the status must have begun by.
        coalesce(
            _fivetran_start,
            case when status = 'canceled' then coalesce(ended_at, canceled_at) end,
            current_period_start, created
        ) as valid_from
    from subscription_history
),

versions as (
    {{ cdp_latest('dated_versions', ['id', 'valid_from'], [
        '_fivetran_active', '_fivetran_synced', 'status',
    ]) }}
),

states as (
    {{ cdp_stays('versions', 'id', ['status', 'cancel_at'], 'valid_from') }}
),

current_items as (
    {{ cdp_latest('subscription_items', ['id'], ['_fivetran_synced']) }}
),

current_plans as (
    {{ cdp_latest('plans', ['id'], ['_fivetran_synced']) }}
),

monthly_fees as (
    select
        current_items._source,
        current_items.subscription_id,
        max(coalesce(current_plans.nickname, current_plans.id)) as plan,
        max(upper(current_plans.currency)) as currency,
        sum(
            {{ cdp_major_units('current_plans.amount', 'current_plans.currency') }}
            * coalesce(current_items.quantity, 1)
            * case current_plans.interval
                when 'day' then 365 / 12.0
                when 'week' then 52 / 12.0
                when 'month' then 1
                when 'year' then 1 / 12.0
            end
            / coalesce(current_plans.interval_count, 1)
        ) as monthly_fee
    from current_items
    inner join current_plans
        on
            current_items._source = current_plans._source
            and current_items.plan_id = current_plans.id
    group by current_items._source, current_items.subscription_id
),

state_changes as (
    select
        states._source as source,
        states._brand as brand,
        {{ dbt.concat([
            'states.id', "'|'", 'cast(states.entered_at as ' ~ cdp_type('text') ~ ')',
        ]) }} as record_id,
        states.customer_id as stripe_customer_id,
        states.id as subscription_id,
        monthly_fees.plan,
        states.status,
        -- Trials, pauses and ended subscriptions bring in nothing.
        case
            when states.status in ('active', 'past_due') then monthly_fees.monthly_fee
            else 0
        end as mrr,
        monthly_fees.currency,
        coalesce(states.start_date, states.created) as started_at,
        states.current_period_end,
        states.cancel_at,
        states.ended_at,
        states.entered_at as occurred_at,
        false as is_deleted
    from states
    left join monthly_fees
        on
            states._source = monthly_fees._source
            and states.id = monthly_fees.subscription_id
)

{{ cdp_emit('subscriptions', 'state_changes', [
    'occurred_at', 'subscription_id', 'plan', 'status', 'mrr', 'currency', 'started_at',
    'current_period_end', 'cancel_at', 'ended_at',
]) }}
