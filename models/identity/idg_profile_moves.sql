-- One row per (run_number, previous_profile_number, profile_number): nodes that went
-- from one profile to another in a run, the largest such move of a profile first. Feeds
-- cdp_identity_changes.

select
    run_number,
    previous_profile_number,
    profile_number,
    count(*) as nodes,
    sum(case when was_present then 1 else 0 end) as nodes_present,
    min(node_id) as anchor_node_id,
    -- One identifier is reason enough: exact is the lesser word.
    min(linked_by) as linked_by,
    row_number() over (
        partition by run_number, previous_profile_number
        order by count(*) desc, min(node_id)
    ) as move_rank
from {{ ref('idg_node_profiles') }}
where previous_profile_number <> profile_number
group by run_number, previous_profile_number, profile_number
