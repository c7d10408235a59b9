-- One row per thing that happened to a marketing email. Feeds the contract messages.

{{ config(
    enabled=cdp_has_source('hubspot'),
    meta={'cdp_contract': 'messages', 'cdp_identifiers': ['email']},
) }}

with email_events as (
    {{ cdp_source('hubspot', 'email_event') }}
),

email_campaigns as (
    {{ cdp_source('hubspot', 'email_campaign') }}
),

single_events as (
    {{ cdp_latest('email_events', ['id'], ['_fivetran_synced']) }}
),

current_campaigns as (
    {{ cdp_latest('email_campaigns', ['id'], ['_fivetran_synced']) }}
),

events_with_kind as (
    select
        *,
        case upper(type)
            when 'SENT' then 'sent'
            when 'DELIVERED' then 'delivered'
            when 'OPEN' then 'opened'
            when 'CLICK' then 'clicked'
            when 'BOUNCE' then 'bounced'
            when 'STATUSCHANGE' then 'unsubscribed'
            when 'UNSUBSCRIBED' then 'unsubscribed'
            when 'SPAMREPORT' then 'complained'
        end as kind
    from single_events
),

messages as (
    select
        events_with_kind._source as source,
        events_with_kind._brand as brand,
        events_with_kind.id as record_id,
        events_with_kind.recipient as email,
        -- Every later event names the event of sending that caused it.
        coalesce(events_with_kind.sent_by_id, events_with_kind.id) as message_id,
        'email' as channel,
        events_with_kind.kind,
        events_with_kind.email_campaign_id as campaign_id,
        current_campaigns.name as campaign_name,
        current_campaigns.subject,
        -- The hub marks what scanners and privacy proxies did as filtered.
        coalesce(events_with_kind.filtered_event, false)
        and events_with_kind.kind in ('opened', 'clicked') as is_machine,
        events_with_kind.created as occurred_at,
        false as is_deleted
    from events_with_kind
    left join current_campaigns
        on
            events_with_kind._source = current_campaigns._source
            and events_with_kind.email_campaign_id = current_campaigns.id
    where events_with_kind.kind is not null
)

{{ cdp_emit('messages', 'messages', [
    'occurred_at', 'message_id', 'channel', 'kind', 'campaign_id', 'campaign_name',
    'subject', 'is_machine',
]) }}
