-- One row per profile_id that was sent a message: engagement by channel. Opens and
-- clicks by machines are no engagement.

with days as (
    select
        *,
        {{ cdp_days_since('message_date') }} as days_ago
    from {{ ref('prf_message_days') }}
),

{%- set kinds = {'email': ['sent', 'opened', 'clicked'], 'sms': ['sent', 'clicked'],
    'push': ['sent', 'opened']} %}

by_channel as (
    select
        profile_id,
        days_ago,
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

final as (
    select
        profile_id,
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
)

select * from final
