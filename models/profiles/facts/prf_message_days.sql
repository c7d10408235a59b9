-- One row per (profile_id, channel, message_date): messages by what became of them.
-- Opens and clicks by a machine (a mail privacy proxy, a scanner) do not count. Facts
-- of a day do not age.

with messages as (
    select * from {{ ref('prf_messages') }}
    where not (kind in ('opened', 'clicked') and coalesce(is_machine, false))
),

days_per_source as (
    select
        profile_id,
        channel,
        {{ cdp_date('occurred_at') }} as message_date,
        source,
        {%- for kind in ['sent', 'delivered', 'opened', 'clicked', 'bounced'] %}
        count(case when kind = '{{ kind }}' then 1 end) as {{ kind }},
        {%- endfor %}
        max(case when kind = 'opened' then occurred_at end) as last_opened_at,
        max(case when kind = 'clicked' then occurred_at end) as last_clicked_at,
        max(case when kind = 'unsubscribed' then occurred_at end)
            as last_unsubscribed_at
    from messages
    group by profile_id, channel, {{ cdp_date('occurred_at') }}, source
),

days as (
    select
        profile_id,
        channel,
        message_date,
        -- A tool may tell of sending, of delivery, or of both.
        sum(greatest(sent, delivered)) as sent,
        sum(opened) as opened,
        sum(clicked) as clicked,
        sum(bounced) as bounced,
        max(last_opened_at) as last_opened_at,
        max(last_clicked_at) as last_clicked_at,
        max(last_unsubscribed_at) as last_unsubscribed_at
    from days_per_source
    group by profile_id, channel, message_date
)

select * from days
