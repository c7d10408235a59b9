-- Invariant: profiles are the components, one to one.

with pairs as (
    select distinct
        idg_components.component_id,
        idg_current_profiles.profile_number
    from {{ ref('idg_components') }} as idg_components
    inner join {{ ref('idg_current_profiles') }} as idg_current_profiles
        on
            idg_components.node_id = idg_current_profiles.node_id
            and idg_current_profiles.is_present
),

counted as (
    select
        component_id,
        profile_number,
        count(*) over (partition by component_id) as profiles,
        count(*) over (partition by profile_number) as components
    from pairs
)

select * from counted
where profiles > 1 or components > 1
