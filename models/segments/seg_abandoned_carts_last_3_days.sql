{{ config(meta={
    'cdp_label': 'Abandoned carts of the last three days',
    'cdp_owner': 'ecommerce@example.com',
    'cdp_why':
        'Left a cart and bought nothing since: a reminder brings a good part of them back.',
    'cdp_turnover_pct': 60,
}) }}

select
    profile_id,
    open_cart_value,
    open_cart_url
from {{ ref('cdp_profiles') }}
where
    -- today and the two days before; older carts are cold
    days_since_open_cart < 3
    -- somebody we can remind
    and (email is not null or phone is not null)
