{{ config(meta={
    'cdp_label': 'Bought in store: exclude from ads',
    'cdp_owner': 'performance_marketing@example.com',
    'cdp_why':
        'Bought in a store in the last two weeks: an ad for the web shop is money for nothing.',
}) }}

select
    profile_id,
    last_order_at
from {{ ref('cdp_profiles') }}
where
    -- the last purchase was in a store, in the last 14 days
    last_order_channel = 'store'
    and days_since_last_order < 14
