-- One row per (profile_id, attribute, value): each email address and phone number of a
-- person, normalised by the identity layer, with the best person record that states it.
-- What only echoes of our own writing tell (prf_echoes) is not here.

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

echoes as (
    select * from {{ ref('prf_echoes') }}
),

doubts as (
    select * from {{ ref('prf_contact_doubts') }}
),

ranked as (
    select
        people.profile_id,
        stated.identifier_type,
        stated.identifier_value,
        people.source,
        people.record_id,
        coalesce(
            case stated.identifier_type
                when 'email' then people.is_email_verified
                else people.is_phone_verified
            end,
            false
        ) as is_verified,
        row_number() over (
            partition by
                people.profile_id, stated.identifier_type, stated.identifier_value
            order by
                coalesce(
                    case stated.identifier_type
                        when 'email' then people.is_email_verified
                        else people.is_phone_verified
                    end,
                    false
                ) desc,
                people.updated_at desc nulls last,
                people.source,
                people.record_id
        ) as position
    from stated
    inner join people
        on
            stated.source = people.source
            and stated.record_id = people.record_id
    left join echoes
        on
            stated.source = echoes.source
            and stated.record_id = echoes.record_id
            and stated.identifier_type = echoes.attribute
    where echoes.source is null
),

contact_points as (
    select
        identifiers.profile_id,
        identifiers.identifier_type as attribute,
        identifiers.identifier_value as value,
        ranked.source,
        ranked.record_id,
        coalesce(doubts.party, 1) as party,
        coalesce(ranked.is_verified, false) as is_verified,
        identifiers.is_shared or not identifiers.is_linking as is_shared,
        coalesce(doubts.observed_at, identifiers.last_seen_at) as observed_at
    from identifiers
    left join ranked
        on
            identifiers.profile_id = ranked.profile_id
            and identifiers.identifier_type = ranked.identifier_type
            and identifiers.identifier_value = ranked.identifier_value
            and ranked.position = 1
    left join doubts
        on
            identifiers.profile_id = doubts.profile_id
            and identifiers.identifier_type = doubts.attribute
            and identifiers.identifier_value = doubts.value
    where doubts.profile_id is null or doubts.party is not null
)

select * from contact_points
