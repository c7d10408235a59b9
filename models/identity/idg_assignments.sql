-- One row per component_id: the profile it is from now on. Feeds idg_node_profiles.
-- A component that no earlier profile chose gets a number never used before.

with components as (
    select * from {{ ref('idg_components') }}
),

survivors as (
    select distinct
        component_id,
        survivor_number as profile_number
    from {{ ref('idg_profile_choices') }}
),

history as (
    {{ cdp_state_rows('idg_node_profiles', {'profile_number': 'integer'}) }}
),

last_number as (
    select coalesce(max(profile_number), 0) as profile_number from history
),

newcomers as (
    select
        components.component_id,
        row_number() over (order by components.component_id) as place
    from components
    left join survivors on components.component_id = survivors.component_id
    where
        components.node_id = components.component_id
        and survivors.component_id is null
)

select
    component_id,
    profile_number
from survivors
union all
select
    newcomers.component_id,
    last_number.profile_number + newcomers.place as profile_number
from newcomers
cross join last_number
