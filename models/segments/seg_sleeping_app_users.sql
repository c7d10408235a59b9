{{ config(meta={
    'cdp_label': 'Sleeping app users',
    'cdp_owner': 'app@example.com',
    'cdp_why':
        'Have the app and have not opened it for a month: a push, before they delete it.',
}) }}

select profile_id
from {{ ref('cdp_profiles') }}
where
    app_sessions_lifetime > 0
    -- asleep, not gone
    and days_since_last_app_visit between 30 and 180
