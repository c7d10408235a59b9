-- Invariant: every open task of the CRMs is listed once, and nobody has two next steps.

with expected as (
    select count(*) as tasks
    from {{ ref('inp_activities') }}
    where
        is_deleted is not true
        and done_at is null
        and (kind = 'task' or due_at is not null)
        and coalesce(lower(status), '') not in (
            'completed', 'done', 'closed', 'cancelled', 'canceled', 'deferred'
        )
),

found as (
    select
        count(*) as tasks,
        count(case when is_next_step then 1 end) as next_steps,
        count(distinct profile_id) as people
    from {{ ref('cdp_tasks') }}
)

select
    expected.tasks as expected,
    found.tasks as found
from expected
cross join found
where expected.tasks <> found.tasks or found.next_steps <> found.people
