-- One row per (profile_id, identifier_type, identifier_value): all by which a profile
-- is known, what links and what does not.

{{ config(schema=none, access='public') }}

with identity_map as (
    select * from {{ ref('cdp_identity_map') }}
),

identifiers as (
    select * from {{ ref('idg_identifiers') }}
    where identifier_type <> 'record'
),

refused as (
    select * from {{ ref('idg_edges_rejected') }}
),

by_source as (
    select
        identity_map.profile_id,
        identifiers.identifier_type,
        identifiers.identifier_value,
        identifiers.source,
        min(identifiers.first_seen_at) as first_seen_at,
        max(identifiers.last_seen_at) as last_seen_at,
        count(*) as records,
        count(refused.rule) as refusals,
        min(refused.rule) as refused_by
    from identifiers
    inner join identity_map
        on
            identifiers.source = identity_map.source
            and identifiers.record_id = identity_map.record_id
    left join refused
        on
            identifiers.source = refused.source
            and identifiers.record_id = refused.record_id
            and identifiers.identifier_type = refused.identifier_type
    group by
        identity_map.profile_id,
        identifiers.identifier_type,
        identifiers.identifier_value,
        identifiers.source
),

by_profile as (
    select
        profile_id,
        identifier_type,
        identifier_value,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        {{ dbt.listagg('source', "', '", 'order by source') }} as sources,
        cast(sum(records) as {{ cdp_type('integer') }}) as records,
        sum(refusals) < sum(records) as is_linking,
        min(refused_by) as refused_by
    from by_source
    group by profile_id, identifier_type, identifier_value
),

shared as (
    select
        identifier_type,
        identifier_value
    from by_profile
    group by identifier_type, identifier_value
    having count(*) > 1
)

select
    by_profile.profile_id,
    by_profile.identifier_type,
    by_profile.identifier_value,
    by_profile.first_seen_at,
    by_profile.last_seen_at,
    by_profile.sources,
    by_profile.records,
    shared.identifier_value is not null as is_shared,
    by_profile.is_linking,
    by_profile.refused_by
from by_profile
left join shared
    on
        by_profile.identifier_type = shared.identifier_type
        and by_profile.identifier_value = shared.identifier_value
