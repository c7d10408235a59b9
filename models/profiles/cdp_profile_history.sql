-- One row per (profile_id, valid_from): how a known person's tracked columns stood,
-- from valid_from until before valid_to.

{{ config(schema=none, access='public', materialized='view') }}

with versions as (
    select
        *,
        lead(valid_from) over (partition by profile_id order by valid_from) as valid_to
    from {{ ref('prf_profile_versions') }}
),

redirects as (
    select distinct
        previous_profile_id,
        current_profile_id
    from {{ ref('cdp_identity_changes') }}
    where change_type = 'merged'
),

living as (
    select distinct profile_id from {{ ref('cdp_identity_map') }}
),

history as (
    select
        versions.profile_id,
        versions.valid_from,
        versions.valid_to,
        versions.valid_to is null as is_current,
        {%- for name in cdp_tracked_columns() %}
        versions.{{ name }},
        {%- endfor %}
        coalesce(living.profile_id, redirects.current_profile_id) as current_profile_id
    from versions
    left join living on versions.profile_id = living.profile_id
    left join redirects on versions.profile_id = redirects.previous_profile_id
    where versions.is_present
)

select * from history
