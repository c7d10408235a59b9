-- One row per (profile_id, channel, event_date): what somebody did on a day, on the
-- web, in the app or elsewhere. Facts of a day do not age.

with events as (
    select * from {{ ref('prf_events') }}
),

sessions as (
    select
        profile_id,
        channel,
        {{ cdp_date('occurred_at') }} as event_date,
        source,
        session_id,
        count(*) as events,
        count(case when event_name = 'product_viewed' then 1 end) as product_views,
        count(case when event_name = 'product_added' then 1 end) as cart_adds,
        max(occurred_at) as last_event_at
    from events
    group by profile_id, channel, {{ cdp_date('occurred_at') }}, source, session_id
),

days_per_source as (
    select
        profile_id,
        channel,
        event_date,
        source,
        -- Events without a session count as one session a day.
        count(*) as sessions,
        sum(events) as events,
        sum(product_views) as product_views,
        sum(cart_adds) as cart_adds,
        max(last_event_at) as last_event_at
    from sessions
    group by profile_id, channel, event_date, source
),

days as (
    select
        profile_id,
        channel,
        event_date,
        -- Two trackers on one site tell of the same visit: the one that saw more
        -- counts.
        max(sessions) as sessions,
        max(events) as events,
        max(product_views) as product_views,
        max(cart_adds) as cart_adds,
        max(last_event_at) as last_event_at
    from days_per_source
    group by profile_id, channel, event_date
)

select * from days
