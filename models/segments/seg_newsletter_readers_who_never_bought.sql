{{ config(meta={
    'cdp_label': 'Newsletter readers who never bought',
    'cdp_owner': 'crm@example.com',
    'cdp_why':
        'They read us and never ordered: a first-order offer is what is missing.',
}) }}

select profile_id
from {{ ref('cdp_profiles') }}
where
    -- read with their own eyes: opens by machines do not count
    (email_opened_last_90_days > 0 or email_clicked_last_90_days > 0)
    and orders_lifetime = 0
