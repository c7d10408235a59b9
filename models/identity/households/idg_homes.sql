-- One row per profile_id that has a surname and an address: where the person lives, by
-- the latest record that says so. Feeds idg_household_members.
-- A person has one home: who moved out belongs to no household there.

with people as (
    select * from {{ ref('inp_people') }}
    where
        not coalesce(is_deleted, false)
        and match_last_name is not null
        and match_address_line1 is not null
        and coalesce(match_postal_code, match_city) is not null
),

identity_map as (
    select * from {{ ref('cdp_identity_map') }}
    where is_person
),

homes as (
    select
        identity_map.profile_id,
        people.source,
        people.record_id,
        people.last_name,
        people.address_line1,
        people.postal_code,
        people.city,
        people.country_code,
        people.birth_date,
        people.updated_at,
        split_part(people.match_first_name, ' ', 1) as match_first_name,
        people.match_last_name,
        {{ cdp_street('people.match_address_line1') }}
        || '|' || {{ cdp_postal_area('people.match_postal_code', 'people.match_city') }}
        || '|' || coalesce(people.country_code, '{{ var("cdp_default_country") }}')
            as address_key
    from people
    inner join identity_map
        on
            people.source = identity_map.source
            and people.identity_key = identity_map.record_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id
            order by updated_at desc nulls last, source, record_id
        ) as record_rank
    from homes
)

select
    profile_id,
    source,
    record_id,
    last_name,
    address_line1,
    postal_code,
    city,
    country_code,
    birth_date,
    match_first_name,
    match_last_name,
    address_key
from ranked
where record_rank = 1
