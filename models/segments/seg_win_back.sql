{{ config(meta={
    'cdp_label': 'Win back',
    'cdp_owner': 'retention@example.com',
    'cdp_why': 'Good customers who left half a year ago: worth an offer, once.',
}) }}

select
    profile_id,
    favourite_category
from {{ ref('cdp_profiles') }}
where
    lifecycle_stage = 'lapsed'
    -- it was more than a trial
    and orders_lifetime >= 3
    -- and the last contact was no complaint
    and open_tickets = 0
