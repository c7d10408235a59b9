-- One row per profile_id that opened a support ticket.

with tickets as (
    select
        *,
        (
            solved_at is null
            and coalesce(lower(status) not in ('solved', 'closed', 'deleted'), true)
        ) as is_open,
        1 as tickets,
        {{ cdp_days_since(cdp_date('opened_at')) }} as days_ago
    from {{ ref('prf_tickets') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id
            order by opened_at desc nulls last, source, record_id
        ) as position,
        row_number() over (
            partition by profile_id
            order by
                case when satisfaction in ('good', 'bad') then 0 else 1 end,
                coalesce(solved_at, updated_at) desc nulls last,
                source,
                record_id
        ) as rated_position
    from tickets
),

final as (
    select
        profile_id,
        {{ cdp_over_windows('tickets', 'tickets', [90, 365]) }},
        count(distinct category) as ticket_categories,
        count(case when is_open then 1 end) as open_tickets,
        count(case when is_open and priority in ('high', 'urgent') then 1 end)
            as open_urgent_tickets,
        sum(coalesce(reopened_count, 0)) as tickets_reopened,
        max(opened_at) as last_ticket_at,
        max(case when position = 1 then category end) as last_ticket_category,
        max(
            case
                when rated_position = 1 and satisfaction in ('good', 'bad')
                    then satisfaction
            end
        ) as last_ticket_satisfaction
    from ranked
    group by profile_id
)

select * from final
