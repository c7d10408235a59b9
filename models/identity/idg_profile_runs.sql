-- One row per (profile_number, run_number) in which a profile gained or lost nodes,
-- even absent ones: how many present ones it had before and after. Feeds
-- cdp_identity_changes.

with history as (
    select * from {{ ref('idg_node_profiles') }}
),

moves as (
    select
        profile_number,
        run_number,
        1 as nodes
    from history
    where
        is_present
        and not (was_present and previous_profile_number = profile_number)
    union all
    select
        previous_profile_number as profile_number,
        run_number,
        case when was_present then -1 else 0 end as nodes
    from history
    where
        (was_present and not is_present)
        or previous_profile_number <> profile_number
),

by_run as (
    select
        profile_number,
        run_number,
        sum(nodes) as nodes_gained
    from moves
    group by profile_number, run_number
),

balances as (
    select
        *,
        sum(nodes_gained) over (
            partition by profile_number
            order by run_number
            rows between unbounded preceding and current row
        ) as nodes_after,
        row_number()
            over (partition by profile_number order by run_number)
            as appearance
    from by_run
)

select
    *,
    nodes_after - nodes_gained as nodes_before
from balances
