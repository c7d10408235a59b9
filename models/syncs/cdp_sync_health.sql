-- One row per (sync, place): how the sync is doing there, by its runs and the rows that
-- still count.

{{ config(access='public') }}

with runs as (
    {{ cdp_state_rows('cdp_sync_runs', {
        'run_id': 'text', 'run_number': 'integer', 'sync': 'text', 'place': 'text',
        'status': 'text', 'held': 'integer', 'succeeded': 'integer',
        'rejected': 'integer', 'unknown': 'integer', 'aborted': 'integer',
        'started_at': 'timestamp', 'ended_at': 'timestamp',
    }) }}
),

ledger as (
    {{ cdp_state_rows('cdp_sync_ledger', {
        'sync': 'text', 'place': 'text', 'status': 'text', 'code': 'text',
        'is_open': 'boolean',
    }) }}
),

counted as (
    select
        *,
        succeeded + rejected + unknown + aborted as settled,
        row_number() over (partition by sync, place order by run_number desc) as recency
    from runs
    where status <> 'running'
),

-- The last seven runs against the seven before: who gets worse shows here first.
summed as (
    select
        sync,
        place,
        count(*) as runs,
        max(case when recency = 1 then run_id end) as last_run_id,
        max(case when recency = 1 then status end) as last_status,
        max(case when recency = 1 then held end) as held,
        max(started_at) as last_run_at,
        max(case when status = 'succeeded' then ended_at end) as last_success_at,
        sum(case when recency <= 7 then succeeded else 0 end) as rows_sent,
        sum(case when recency <= 7 then settled else 0 end) as rows_settled,
        sum(case when recency between 8 and 14 then succeeded else 0 end)
            as rows_sent_before,
        sum(case when recency between 8 and 14 then settled else 0 end)
            as rows_settled_before
    from counted
    group by sync, place
),

rejects as (
    select
        sync,
        place,
        code,
        count(*) as rejected
    from ledger
    where is_open and status = 'rejected'
    group by sync, place, code
),

rejects_listed as (
    select
        sync,
        place,
        sum(rejected) as rows_rejected,
        {{ dbt.listagg(
            "concat(coalesce(code, 'unnamed'), ' ', rejected)", "', '", "order by code"
        ) }} as rejects_by_reason
    from rejects
    group by sync, place
)

select
    summed.sync,
    summed.place,
    summed.runs,
    summed.last_run_id,
    summed.last_status,
    summed.last_run_at,
    summed.last_success_at,
    case
        when summed.last_status = 'succeeded' then 0
        else {{ dbt.datediff('summed.last_success_at', 'summed.last_run_at', 'hour') }}
    end as hours_behind,
    summed.held as rows_held,
    summed.rows_sent,
    cast(summed.rows_sent as {{ cdp_type_double() }})
    / nullif(summed.rows_settled, 0) as acceptance_rate,
    cast(summed.rows_sent_before as {{ cdp_type_double() }})
    / nullif(summed.rows_settled_before, 0) as acceptance_rate_before,
    coalesce(rejects_listed.rows_rejected, 0) as rows_rejected,
    rejects_listed.rejects_by_reason
from summed
left join rejects_listed
    on
        summed.sync = rejects_listed.sync
        and summed.place = rejects_listed.place
