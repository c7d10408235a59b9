{{ config(meta={
    'cdp_label': 'Complements of what was bought',
    'cdp_owner': 'merchandising@example.com',
    'cdp_why':
        'Other buyers of their favourite category buy this as well, and they never did.',
}) }}

select
    profile_id,
    favourite_category,
    complement_category,
    complement_product_id,
    complement_product_name
from {{ ref('cdp_profiles') }}
where
    complement_product_id is not null
    -- in the habit of buying just now
    and orders_last_30_days > 0
