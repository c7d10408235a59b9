-- One row per profile_id that was sent a message: engagement by channel. Opens and
-- clicks by machines are no engagement.

with days as (
    select
        *,
        {{ cdp_days_since('message_date') }} as days_ago
    from {{ ref('prf_message_days') }}
),

channels as (
    select
        profile_id,
        channel,
        sum(opened + clicked) as engagements,
        row_number() over (
            partition by profile_id
            order by sum(opened + clicked) desc, sum(clicked) desc, channel
        ) as position
    from days
    where days_ago < 365
    group by profile_id, channel
),

last_engagements as (
    select
        profile_id,
        min(days_ago) as days_since
    from days
    where opened + clicked > 0
    group by profile_id
),

-- What was sent on the day of an engagement or before it has had its answer.
unanswered as (
    select
        days.profile_id,
        sum(days.sent) as messages_since_last_engagement
    from days
    left join last_engagements on days.profile_id = last_engagements.profile_id
    where days.days_ago < coalesce(last_engagements.days_since, days.days_ago + 1)
    group by days.profile_id
),

{%- set kinds = {'email': ['sent', 'opened', 'clicked'], 'sms': ['sent', 'clicked'],
    'push': ['sent', 'opened']} %}

by_channel as (
    select
        profile_id,
        days_ago,
        sent,
        bounced,
        last_opened_at,
        last_clicked_at,
        {%- for channel, measures in kinds.items() %}
        {%- for measure in measures %}
        case when channel = '{{ channel }}' then {{ measure }} else 0 end
            as {{ channel }}_{{ measure }},
        {%- endfor %}
        {%- endfor %}
        case when channel = 'email' then last_unsubscribed_at end
            as email_unsubscribed_at
    from days
),

over_windows as (
    select
        profile_id,
        {{ cdp_over_windows('sent', 'messages_sent', [7, 30]) }},
        {%- for channel, measures in kinds.items() %}
        {%- for measure in measures %}
        {{ cdp_over_windows(
            channel ~ '_' ~ measure, channel ~ '_' ~ measure, [30, 90]
        ) }},
        {%- endfor %}
        {%- endfor %}
        sum(bounced) as messages_bounced,
        max(last_opened_at) as last_message_opened_at,
        max(last_clicked_at) as last_message_clicked_at,
        max(email_unsubscribed_at) as email_unsubscribed_at
    from by_channel
    group by profile_id
),

final as (
    select
        over_windows.*,
        channels.channel as preferred_message_channel,
        coalesce(unanswered.messages_since_last_engagement, 0)
            as messages_since_last_engagement,
        case
            when coalesce(unanswered.messages_since_last_engagement, 0) < 5 then 'fresh'
            when unanswered.messages_since_last_engagement < 10 then 'tiring'
            else 'fatigued'
        end as message_fatigue
    from over_windows
    left join channels
        on
            over_windows.profile_id = channels.profile_id
            and channels.position = 1
            and channels.engagements > 0
    left join unanswered on over_windows.profile_id = unanswered.profile_id
)

select * from final
