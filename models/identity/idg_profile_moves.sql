-- One row per (run_number, previous_profile_number, profile_number): nodes that went
-- from one profile to another in a run, the largest such move of a profile first, as
-- idg_profile_choices ranks them. Feeds cdp_identity_changes.

with history as (
    select * from {{ ref('idg_node_profiles') }}
    where previous_profile_number <> profile_number
),

records as (
    select * from {{ ref('idg_nodes') }}
    where identifier_type = 'record'
),

moves as (
    select
        history.run_number,
        history.previous_profile_number,
        history.profile_number,
        count(*) as nodes,
        sum(case when history.was_present then 1 else 0 end) as nodes_present,
        count(records.node_id) as records,
        -- A value may change hands later; a record stays who it is.
        coalesce(min(records.node_id), min(history.node_id)) as anchor_node_id,
        -- One identifier is reason enough: exact is the lesser word.
        min(history.linked_by) as linked_by
    from history
    left join records on history.node_id = records.node_id
    group by
        history.run_number,
        history.previous_profile_number,
        history.profile_number
)

select
    run_number,
    previous_profile_number,
    profile_number,
    nodes,
    nodes_present,
    anchor_node_id,
    linked_by,
    row_number() over (
        partition by run_number, previous_profile_number
        order by nodes_present desc, records desc, nodes desc, anchor_node_id
    ) as move_rank
from moves
