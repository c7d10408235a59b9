-- Invariant: a run that ended counts in its rows of the ledger what its own row says;
-- none of them is left under way.

with runs as (
    {{ cdp_state_rows('cdp_sync_runs', {
        'run_id': 'text', 'status': 'text', 'succeeded': 'integer', 'rejected': 'integer',
    }) }}
),

ledger as (
    {{ cdp_state_rows('cdp_sync_ledger', {
        'run_id': 'text', 'position': 'integer', 'status': 'text',
    }) }}
),

counted as (
    select
        run_id,
        count(*) as row_count,
        count(distinct position) as positions,
        sum(case when status = 'acknowledged' then 1 else 0 end) as succeeded,
        sum(case when status = 'rejected' then 1 else 0 end) as rejected,
        sum(case when status in ('planned', 'attempted') then 1 else 0 end) as under_way
    from ledger
    group by run_id
)

select runs.run_id
from runs
inner join counted on runs.run_id = counted.run_id
where
    runs.status in ('succeeded', 'partial', 'failed')
    and (
        counted.succeeded <> runs.succeeded
        or counted.rejected <> runs.rejected
        or counted.under_way > 0
        or counted.positions <> counted.row_count
    )
