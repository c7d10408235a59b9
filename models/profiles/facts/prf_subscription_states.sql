-- One row per (profile_id, source, subscription_id): the subscription as its last
-- change left it. What audiences call `subscriptions`.

{{ config(materialized='view') }}

with changes as (
    select * from {{ ref('prf_subscriptions') }}
),

changes_ranked as (
    select
        *,
        row_number() over (
            partition by profile_id, source, subscription_id
            order by occurred_at desc, record_id desc
        ) as position
    from changes
)

select
    profile_id,
    source,
    subscription_id,
    occurred_at,
    plan,
    status,
    mrr,
    mrr_reporting,
    currency,
    started_at,
    current_period_end,
    cancel_at,
    ended_at,
    lower(status) in ('active', 'trialing', 'past_due')
    and coalesce(ended_at > {{ cdp_now() }}, true) as is_current,
    lower(status) in ('past_due', 'unpaid')
    and coalesce(ended_at > {{ cdp_now() }}, true) as is_in_dunning
from changes_ranked
where position = 1
