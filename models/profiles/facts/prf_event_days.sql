-- One row per (profile_id, channel, event_date): what somebody did on a day, on the
-- web, in the app or elsewhere. Facts of a day do not age.

with session_days as (
    select * from {{ cdp_of_profiles(ref('prf_session_days')) }}
),

days_per_source as (
    select
        profile_id,
        channel,
        activity_date as event_date,
        source,
        sum(sessions) as sessions,
        sum(events) as events,
        sum(product_views) as product_views,
        sum(cart_adds) as cart_adds,
        max(ended_at) as last_event_at
    from session_days
    group by profile_id, channel, activity_date, source
),

days as (
    select
        profile_id,
        channel,
        event_date,
        -- Two trackers on one site tell of the same visit: the one that saw more
        -- counts.
        {%- for name in ['sessions', 'events', 'product_views', 'cart_adds'] %}
        cast(max({{ name }}) as {{ cdp_type('integer') }}) as {{ name }},
        {%- endfor %}
        max(last_event_at) as last_event_at
    from days_per_source
    group by profile_id, channel, event_date
)

select * from days
