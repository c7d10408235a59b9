-- Invariant: the members of a household are its size, share one address and one
-- surname, and are at most as many as a private address may hold.

with members as (
    select
        idg_household_members.household_id,
        count(*) as members,
        count(distinct idg_homes.address_key) as addresses,
        count(distinct idg_homes.match_last_name) as surnames
    from {{ ref('idg_household_members') }} as idg_household_members
    inner join {{ ref('idg_homes') }} as idg_homes
        on idg_household_members.profile_id = idg_homes.profile_id
    group by idg_household_members.household_id
)

select cdp_households.household_id
from {{ ref('cdp_households') }} as cdp_households
left join members on cdp_households.household_id = members.household_id
where
    cdp_households.size <> coalesce(members.members, 0)
    or cdp_households.size not between 2 and {{ var('cdp_household_max_people') }}
    or members.addresses <> 1
    or members.surnames <> 1
