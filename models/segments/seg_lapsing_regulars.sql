{{ config(meta={
    'cdp_label': 'Lapsing regulars',
    'cdp_owner': 'retention@example.com',
    'cdp_why':
        'Bought monthly until six weeks ago: one message wins back most of them.',
}) }}

select profile_id
from {{ ref('cdp_profiles') }}
where
    -- a regular: an order every other month
    orders_last_365_days >= 6
    -- and silent for longer than usual, though not for ever
    and days_since_last_order between 42 and 90
