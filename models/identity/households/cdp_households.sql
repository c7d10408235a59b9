-- One row per household_id: people of one surname at one address. Its id is that of its
-- oldest profile, with an h, and stays as long as that one lives there.

{{ config(schema=none, access='public') }}

with members as (
    select * from {{ ref('idg_household_members') }}
),

households as (
    select
        household_id,
        min(profile_id) as oldest_profile_id,
        cast(count(*) as {{ cdp_type('integer') }}) as size,
        {{ dbt.listagg('profile_id', "', '", 'order by profile_id') }} as members
    from members
    group by household_id
)

select
    households.household_id,
    households.size,
    households.members,
    members.last_name,
    members.address_line1,
    members.postal_code,
    members.city,
    members.country_code
from households
inner join members on households.oldest_profile_id = members.profile_id
