-- One row per profile_id that lives in a household: profiles of one surname at one
-- address, at least two of whom are different people. Feeds cdp_households.
-- An address of many people is a hotel, an office or a tower: it makes no household.

{%- set most_people = var('cdp_household_max_people') %}

with homes as (
    select * from {{ ref('idg_homes') }}
),

variants as (
    select * from {{ ref('idg_name_variants') }}
),

private_addresses as (
    select address_key
    from homes
    group by address_key
    having count(*) between 2 and {{ most_people }}
),

neighbours as (
    select
        homes.*,
        replace(cast(homes.birth_date as {{ cdp_type('text') }}), '-', '')
            as birth_digits
    from homes
    inner join private_addresses on homes.address_key = private_addresses.address_key
),

-- Two of one name may be one person whom nothing links, unless both tell their age.
families as (
    select distinct
        one.address_key,
        one.match_last_name
    from neighbours as one
    inner join neighbours as other
        on
            one.address_key = other.address_key
            and one.match_last_name = other.match_last_name
            and one.profile_id < other.profile_id
    left join variants
        on
            one.match_first_name = variants.first_name
            and other.match_first_name = variants.variant
    where
        (
            variants.first_name is null
            and not (
                one.match_first_name = other.match_first_name
                or one.match_first_name = left(other.match_first_name, 1)
                or other.match_first_name = left(one.match_first_name, 1)
                or {{ cdp_may_be_one_name(
                    'one.match_first_name', 'other.match_first_name'
                ) }}
            )
        )
        or (
            one.birth_digits is not null
            and other.birth_digits is not null
            and not {{ cdp_is_two_slips('one.birth_digits', 'other.birth_digits') }}
        )
)

select
    'h' || substr(
        min(neighbours.profile_id) over (
            partition by neighbours.address_key, neighbours.match_last_name
        ),
        2
    ) as household_id,
    neighbours.profile_id,
    neighbours.source,
    neighbours.record_id,
    neighbours.last_name,
    neighbours.address_line1,
    neighbours.postal_code,
    neighbours.city,
    neighbours.country_code
from neighbours
inner join families
    on
        neighbours.address_key = families.address_key
        and neighbours.match_last_name = families.match_last_name
