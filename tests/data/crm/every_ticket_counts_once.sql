-- Invariant: every ticket of the help desks is a row of cdp_tickets; the metrics count
-- each as opened once, and as solved if it is, and the backlog of today is what is
-- open.

with expected as (
    select count(*) as opened
    from {{ ref('inp_tickets') }}
    where
        is_deleted is not true
        and coalesce(opened_at, updated_at) <= {{ cdp_now() }}
),

tickets as (
    select
        count(*) as opened,
        count(case when is_open then 1 end) as still_open
    from {{ ref('cdp_tickets') }}
),

metrics as (
    select
        coalesce(sum(tickets_opened), 0) as opened,
        coalesce(sum(tickets_opened - tickets_solved), 0) as still_open,
        coalesce(
            sum(case when day = {{ cdp_date(cdp_now()) }} then backlog end), 0
        ) as backlog
    from {{ ref('cdp_support_metrics') }}
)

select
    expected.opened as opened_expected,
    tickets.opened as opened_found,
    metrics.opened as opened_counted,
    metrics.backlog as backlog_counted
from expected
cross join tickets
cross join metrics
where
    expected.opened <> tickets.opened
    or expected.opened <> metrics.opened
    or tickets.still_open <> metrics.still_open
    or tickets.still_open <> metrics.backlog
