-- One row per (run_number, change_type, profile_id, previous_profile_id): a profile
-- came to be, went up in another, or was split from one. No profile_id goes without a
-- row.

{{ config(schema=none, access='public') }}

with profile_runs as (
    select * from {{ ref('idg_profile_runs') }}
),

moves as (
    select * from {{ ref('idg_profile_moves') }}
),

runs as (
    select
        run_number,
        min(run_id) as run_id,
        min(changed_at) as effective_at
    from {{ ref('idg_node_profiles') }}
    group by run_number
),

redirects as (
    select * from {{ ref('idg_profile_redirects') }}
),

moved as (
    select
        moves.run_number,
        profile_runs.nodes_after = 0 and moves.move_rank = 1 as is_merge,
        moves.nodes_present > 0 as is_split,
        moves.profile_number,
        moves.previous_profile_number,
        moves.linked_by
    from moves
    inner join profile_runs
        on
            moves.previous_profile_number = profile_runs.profile_number
            and moves.run_number = profile_runs.run_number
),

merged_or_split as (
    select
        run_number,
        case when is_merge then 'merged' else 'split' end as change_type,
        profile_number,
        previous_profile_number,
        case
            when is_merge and linked_by = 'probable'
                then 'their records are alike enough'
            when is_merge then 'an identifier links the two'
            else 'what linked the two is gone'
        end as reason,
        case when is_merge then previous_profile_number else profile_number end
            as subject_number
    from moved
    where is_merge or is_split
),

created_or_erased as (
    select
        profile_runs.run_number,
        case when profile_runs.nodes_after = 0 then 'erased' else 'created' end
            as change_type,
        profile_runs.profile_number,
        cast(null as {{ cdp_type('integer') }}) as previous_profile_number,
        case
            when profile_runs.nodes_after = 0 then 'no record is left'
            when profile_runs.appearance = 1 then 'first seen'
            else 'seen again'
        end as reason,
        profile_runs.profile_number as subject_number
    from profile_runs
    left join merged_or_split as told
        on
            profile_runs.run_number = told.run_number
            and profile_runs.profile_number = told.subject_number
    where
        (profile_runs.nodes_before = 0 or profile_runs.nodes_after = 0)
        and told.subject_number is null
),

changes as (
    select * from merged_or_split
    union all
    select * from created_or_erased
)

select
    changes.run_number,
    changes.change_type,
    {{ cdp_profile_id('changes.profile_number') }} as profile_id,
    {{ cdp_profile_id('changes.previous_profile_number') }} as previous_profile_id,
    {{ cdp_profile_id('redirects.current_profile_number') }} as current_profile_id,
    runs.effective_at,
    runs.run_id,
    changes.reason
from changes
inner join runs on changes.run_number = runs.run_number
inner join redirects on changes.subject_number = redirects.profile_number
