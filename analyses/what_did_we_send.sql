-- What was sent to whom, where and when, and what became of it: one row per sync,
-- place, operation and outcome. Uncomment the profile to see what one person's tools
-- hold.

with ledger as (
    select * from {{ source('cdp_state', 'cdp_sync_ledger') }}
),

outcomes as (
    select
        sync,
        place,
        operation,
        status,
        code,
        count(*) as row_operations,
        count(distinct profile_id) as people,
        min(settled_at) as first_at,
        max(settled_at) as last_at
    from ledger
    -- where profile_id = '...'
    group by sync, place, operation, status, code
)

select * from outcomes
order by sync, place, operation, row_operations desc
