-- One row per profile_number ever given: the profile it is today, in one hop, however
-- many merges lie between; null when none of its records is left.
-- Feeds cdp_identity_changes. A profile that went is where its anchor node went.

with current_profiles as (
    select * from {{ ref('idg_current_profiles') }}
),

moves as (
    select * from {{ ref('idg_profile_moves') }}
    where move_rank = 1
),

profiles as (
    select distinct profile_number from {{ ref('idg_profile_runs') }}
),

living as (
    select distinct profile_number from current_profiles
    where is_present
),

last_moves as (
    select
        previous_profile_number as profile_number,
        max(run_number) as run_number
    from moves
    group by previous_profile_number
),

heirs as (
    select
        last_moves.profile_number,
        current_profiles.profile_number as heir_number
    from last_moves
    inner join moves
        on
            last_moves.profile_number = moves.previous_profile_number
            and last_moves.run_number = moves.run_number
    inner join current_profiles on moves.anchor_node_id = current_profiles.node_id
)

select
    profiles.profile_number,
    coalesce(living.profile_number, living_heirs.profile_number)
        as current_profile_number
from profiles
left join living on profiles.profile_number = living.profile_number
left join heirs on profiles.profile_number = heirs.profile_number
left join living as living_heirs on heirs.heir_number = living_heirs.profile_number
