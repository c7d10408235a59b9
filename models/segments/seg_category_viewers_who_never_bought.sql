{{ config(meta={
    'cdp_label': 'Viewers of a category who never bought from it',
    'cdp_owner': 'merchandising@example.com',
    'cdp_why':
        'Looked at a category again and again and bought nothing in it: show its best seller.',
}) }}

select
    profile_id,
    browsed_category_never_bought as category
from {{ ref('cdp_profiles') }}
where
    -- came back to it: one look is no interest
    browsed_category_views_last_30_days >= 2
