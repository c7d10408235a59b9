{{ config(meta={
    'cdp_label': 'New customers',
    'cdp_owner': 'crm@example.com',
    'cdp_why':
        'First order in the last 30 days: welcome them, and earn the second order.',
}) }}

select profile_id
from {{ ref('cdp_profiles') }}
where
    orders_lifetime > 0
    -- all that they ever ordered, they ordered in the last 30 days
    and orders_last_30_days = orders_lifetime
