-- One row per (profile_id, attribute, value): each email address and phone number of a
-- person, normalised by the identity layer, with the best person record that states it.

with identifiers as (
    select * from {{ ref('cdp_identifiers') }}
    where
        identifier_type in ('email', 'phone')
        -- junk is nobody's address
        and coalesce(refused_by, '') not like 'blocked_value%'
),

stated as (
    select * from {{ ref('idg_identifiers') }}
    where identifier_type in ('email', 'phone')
),

people as (
    select * from {{ ref('prf_people') }}
),

stated_by_people as (
    select
        people.profile_id,
        stated.identifier_type,
        stated.identifier_value,
        people.source,
        people.record_id,
        people.updated_at,
        coalesce(
            case stated.identifier_type
                when 'email' then people.is_email_verified
                else people.is_phone_verified
            end,
            false
        ) as is_verified
    from stated
    inner join people
        on
            stated.source = people.source
            and stated.record_id = people.record_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id, identifier_type, identifier_value
            order by
                case when is_verified then 0 else 1 end,
                updated_at desc nulls last,
                source,
                record_id
        ) as position
    from stated_by_people
),

contact_points as (
    select
        identifiers.profile_id,
        identifiers.identifier_type as attribute,
        identifiers.identifier_value as value,
        ranked.source,
        ranked.record_id,
        coalesce(ranked.is_verified, false) as is_verified,
        identifiers.is_shared or not identifiers.is_linking as is_shared,
        identifiers.last_seen_at as observed_at
    from identifiers
    left join ranked
        on
            identifiers.profile_id = ranked.profile_id
            and identifiers.identifier_type = ranked.identifier_type
            and identifiers.identifier_value = ranked.identifier_value
            and ranked.position = 1
)

select * from contact_points
