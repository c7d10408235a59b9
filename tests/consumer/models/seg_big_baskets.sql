-- One row per person whose orders add up to 150 or more.

{{ config(meta={
    'cdp_label': 'Big baskets', 'cdp_owner': 'shop@example.com',
    'cdp_why': 'Worth a call before the season.',
}) }}

select profile_id
from {{ ref('cdp', 'cdp_profiles') }}
where revenue_lifetime >= 150
