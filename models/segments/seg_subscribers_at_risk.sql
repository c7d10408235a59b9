{{ config(meta={
    'cdp_label': 'Subscribers at risk',
    'cdp_owner': 'service@example.com',
    'cdp_why': 'Pay every month and have an open ticket: answer before they cancel.',
}) }}

select
    profile_id,
    mrr,
    open_tickets
from {{ ref('cdp_profiles') }}
where
    current_subscriptions > 0
    -- they wait for an answer
    and open_tickets > 0
