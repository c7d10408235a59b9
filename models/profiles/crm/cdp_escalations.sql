-- One row per open ticket that somebody should take up today, the most pressing first
-- by `rank`, and why.

{{ config(schema=none, access='public') }}

with tickets as (
    select * from {{ ref('cdp_tickets') }}
    where is_open
),

accounts as (
    select * from {{ ref('cdp_accounts') }}
),

judged as (
    select
        *,
        nullif(concat_ws(
            '; ',
            case
                when is_answered_late and first_response_at is null
                    then 'not answered in time'
            end,
            case when is_solved_late then 'not solved in time' end,
            case when reopened_count > 0 then 'opened again' end,
            case when satisfaction = 'bad' then 'rated bad' end
        ), '') as reasons,
        case priority
            when 'urgent' then 1
            when 'high' then 2
            when 'normal' then 3
            when 'none' then 4
            else 5
        end as priority_rank
    from tickets
)

select
    row_number() over (
        order by
            judged.priority_rank,
            coalesce(accounts.open_amount_reporting, 0) desc,
            judged.open_hours desc,
            judged.ticket_key
    ) as rank,
    judged.ticket_key,
    judged.source,
    judged.ticket_id,
    judged.profile_id,
    judged.account_id,
    judged.rep_id,
    judged.priority,
    judged.channel,
    judged.category,
    judged.reasons,
    judged.opened_at,
    judged.open_hours,
    coalesce(accounts.open_amount_reporting, 0) as account_open_amount_reporting
from judged
left join accounts on judged.account_id = accounts.account_id
where judged.reasons is not null
