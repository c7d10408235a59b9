-- One row per (source, record_id, profile_id): an identifier set of facts that belongs
-- to nobody, since its values are refused, and each profile that has its email address
-- or phone number. What is refused under such a set is refused for all of them:
-- somebody said no. Feeds prf_consents and prf_consent_events.

with identifiers as (
    select * from {{ ref('idg_identifiers') }}
    where identifier_type in ('email', 'phone') and not is_person
),

identity_map as (
    select * from {{ ref('cdp_identity_map') }}
),

holders as (
    select * from {{ ref('cdp_identifiers') }}
)

select distinct
    identifiers.source,
    identifiers.record_id,
    holders.profile_id
from identifiers
inner join holders
    on
        identifiers.identifier_type = holders.identifier_type
        and identifiers.identifier_value = holders.identifier_value
left join identity_map
    on
        identifiers.source = identity_map.source
        and identifiers.record_id = identity_map.record_id
where identity_map.profile_id is null
