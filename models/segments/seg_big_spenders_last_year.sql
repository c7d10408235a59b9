{{ config(meta={
    'cdp_label': 'Big spenders of the last year',
    'cdp_owner': 'merchandising@example.com',
    'cdp_why':
        'The tenth of the customers who spent most in a year deserve the best service.',
}) }}

with profiles as (
    select * from {{ ref('cdp_profiles') }}
    where revenue_last_365_days > 0
),

ranked as (
    select
        profile_id,
        revenue_last_365_days,
        percent_rank() over (order by revenue_last_365_days) as spend_percentile
    from profiles
)

select
    profile_id,
    revenue_last_365_days
from ranked
-- the tenth of the customers who spent most
where spend_percentile >= 0.9
