-- One row per newsletter sent to a member, and per open, click, bounce and unsubscribe.
-- Feeds the contract messages.

{{ config(
    enabled=cdp_has_source('mailchimp'),
    meta={'cdp_contract': 'messages', 'cdp_identifiers': ['mailchimp_member_id']},
) }}

with campaigns as (
    {{ cdp_source('mailchimp', 'campaign') }}
),

campaign_recipients as (
    {{ cdp_source('mailchimp', 'campaign_recipient') }}
),

recipient_activity as (
    {{ cdp_source('mailchimp', 'campaign_recipient_activity') }}
),

unsubscribes as (
    {{ cdp_source('mailchimp', 'unsubscribe') }}
),

current_campaigns as (
    {{ cdp_latest('campaigns', ['id'], ['_fivetran_synced']) }}
),

message_facts as (
    -- The tool keeps no time of sending for each member: it is the campaign's.
    select
        _source,
        _brand,
        campaign_id,
        member_id,
        'sent' as kind,
        cast(null as {{ cdp_type('timestamp') }}) as happened_at,
        cast(null as {{ cdp_type('text') }}) as url
    from campaign_recipients
    union all
    select
        _source,
        _brand,
        campaign_id,
        member_id,
        case lower(action)
            when 'open' then 'opened' when 'click' then 'clicked'
            when 'bounce' then 'bounced'
        end as kind,
        recipient_activity.timestamp as happened_at,
        url
    from recipient_activity
    where lower(action) in ('open', 'click', 'bounce')
    union all
    select
        _source,
        _brand,
        campaign_id,
        member_id,
        'unsubscribed' as kind,
        unsubscribes.timestamp as happened_at,
        cast(null as {{ cdp_type('text') }}) as url
    from unsubscribes
),

-- A fact has no id of its own: alike in all columns is delivered twice.
single_facts as (
    select distinct * from message_facts
),

messages as (
    select
        single_facts._source as source,
        single_facts._brand as brand,
        {{ dbt.hash(dbt.concat([
            'single_facts.campaign_id', "'|'", 'single_facts.member_id', "'|'",
            'single_facts.kind', "'|'",
            "coalesce(cast(single_facts.happened_at as " ~ cdp_type('text') ~ "), '')",
            "'|'", "coalesce(single_facts.url, '')",
        ])) }} as record_id,
        single_facts.member_id as mailchimp_member_id,
        {{ dbt.concat(['single_facts.campaign_id', "'|'", 'single_facts.member_id']) }}
            as message_id,
        'email' as channel,
        single_facts.kind,
        single_facts.campaign_id,
        coalesce(current_campaigns.title, current_campaigns.subject_line)
            as campaign_name,
        current_campaigns.subject_line as subject,
        single_facts.url,
        coalesce(
            single_facts.happened_at, current_campaigns.send_time,
            current_campaigns.create_time
        ) as occurred_at,
        -- The tool does not tell machine opens from human ones.
        false as is_machine,
        false as is_deleted
    from single_facts
    left join current_campaigns
        on
            single_facts._source = current_campaigns._source
            and single_facts.campaign_id = current_campaigns.id
)

{{ cdp_emit('messages', 'messages', [
    'occurred_at', 'message_id', 'channel', 'kind', 'campaign_id', 'campaign_name',
    'subject', 'url', 'is_machine',
]) }}
