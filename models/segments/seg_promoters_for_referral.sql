{{ config(meta={
    'cdp_label': 'Promoters to ask for a referral',
    'cdp_owner': 'crm@example.com',
    'cdp_why': 'Would recommend us, and mean it: they buy. Ask them to bring a friend.',
}) }}

select profile_id
from {{ ref('cdp_profiles') }}
where
    nps_group = 'promoter'
    -- they still buy
    and orders_last_365_days > 0
    -- and nothing is open that would make the question awkward
    and open_tickets = 0
