{{ config(meta={
    'cdp_label': 'Business contacts with an open deal',
    'cdp_owner': 'sales@example.com',
    'cdp_why':
        'In talks with us: no mass mailing to them, and sales sees what they read.',
}) }}

select
    profile_id,
    open_deals,
    last_deal_stage
from {{ ref('cdp_profiles') }}
where open_deals > 0
