-- Invariant: every known person has one current version, and it says what the profile
-- says; nobody else has one; the versions of a profile do not overlap.

with history as (
    select * from {{ ref('cdp_profile_history') }}
),

current_versions as (
    select * from history
    where is_current
),

known as (
    select * from {{ ref('cdp_profiles') }}
    where is_known
)

select coalesce(known.profile_id, current_versions.profile_id) as profile_id
from known
full outer join current_versions on known.profile_id = current_versions.profile_id
where
    known.profile_id is null
    or current_versions.profile_id is null
    {%- for name in cdp_tracked_columns() %}
    or known.{{ name }} is distinct from current_versions.{{ name }}
    {%- endfor %}

union all

select profile_id
from history
where valid_to <= valid_from
