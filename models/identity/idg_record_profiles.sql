-- One row per (source, record_id, version): what cdp_identity_map said of a record,
-- from changed_at until its next version. State, append only: with it the map of any
-- earlier time can be read (cdp_identity_map_as_of).

{{ config(materialized='incremental', schema='cdp_state', full_refresh=false) }}

with identity_map as (
    select * from {{ ref('cdp_identity_map') }}
),

{% if is_incremental() -%}
versions as (
    select
        *,
        max(version) over (partition by source, record_id) as last_version
    from {{ this }}
),

latest as (
    select * from versions
    where version = last_version
),

compared as (
    select
        coalesce(identity_map.source, latest.source) as source,
        coalesce(identity_map.record_id, latest.record_id) as record_id,
        coalesce(latest.version, 0) + 1 as version,
        coalesce(identity_map.profile_id, latest.profile_id) as profile_id,
        coalesce(identity_map.is_person, latest.is_person) as is_person,
        coalesce(identity_map.linked_by, latest.linked_by) as linked_by,
        identity_map.record_id is not null as is_mapped,
        latest.record_id is null
        or latest.is_mapped <> (identity_map.record_id is not null)
        or latest.profile_id <> identity_map.profile_id
        or latest.is_person <> identity_map.is_person
        or latest.linked_by <> identity_map.linked_by as is_change
    from identity_map
    full outer join latest
        on
            identity_map.source = latest.source
            and identity_map.record_id = latest.record_id
)
{%- else -%}
compared as (
    select
        source,
        record_id,
        cast(1 as {{ cdp_type('integer') }}) as version,
        profile_id,
        is_person,
        linked_by,
        true as is_mapped,
        true as is_change
    from identity_map
)
{%- endif %}

select
    source,
    record_id,
    version,
    profile_id,
    is_person,
    linked_by,
    is_mapped,
    {{ cdp_now() }} as changed_at
from compared
where is_change
