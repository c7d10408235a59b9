-- One row per session_id: a visit of a profile, as one source saw it in one channel.

{{ config(schema=none, access='public') }}

with session_days as (
    select * from {{ cdp_of_profiles(ref('prf_session_days')) }}
),

sessions as (
    select
        profile_id,
        source,
        channel,
        source_session_id,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        sum(events) as events,
        sum(product_views) as product_views,
        sum(cart_adds) as cart_adds,
        sum(orders_completed) as orders_completed
    from session_days
    group by profile_id, source, channel, source_session_id, session_number
),

final as (
    select
        {{ dbt.hash(cdp_id(
            'profile_id', 'source', 'channel', 'source_session_id', 'started_at'
        )) }} as session_id,
        profile_id,
        source,
        channel,
        source_session_id,
        started_at,
        ended_at,
        {{ cdp_date('started_at') }} as session_date,
        {{ dbt.datediff('started_at', 'ended_at', 'second') }} as duration_seconds,
        cast(events as {{ cdp_type('integer') }}) as events,
        cast(product_views as {{ cdp_type('integer') }}) as product_views,
        cast(cart_adds as {{ cdp_type('integer') }}) as cart_adds,
        cast(orders_completed as {{ cdp_type('integer') }}) as orders_completed
    from sessions
)

select * from final
