{{ config(meta={
    'cdp_label': 'Best customers',
    'cdp_owner': 'crm@example.com',
    'cdp_why':
        'Buy often and bought lately: thank them; the control group shows what thanks are worth.',
    'cdp_holdout_pct': 10,
    'cdp_turnover_pct': 5,
}) }}

select profile_id
from {{ ref('cdp_profiles') }}
where
    rfm_segment = 'champions'
    -- and they spend: the upper two fifths
    and rfm_monetary >= 4
