-- One row per thing that happened to an email, SMS or push message. Feeds the contract
-- messages. The tool's other metrics (orders, page views) come from where they happen.

{{ config(
    enabled=cdp_has_source('klaviyo'),
    meta={'cdp_contract': 'messages', 'cdp_identifiers': ['klaviyo_person_id']},
) }}

with events as (
    {{ cdp_source('klaviyo', 'event') }}
),

metrics as (
    {{ cdp_source('klaviyo', 'metric') }}
),

campaigns as (
    {{ cdp_source('klaviyo', 'campaign') }}
),

single_events as (
    {{ cdp_latest('events', ['id'], ['_fivetran_synced']) }}
),

current_metrics as (
    {{ cdp_latest('metrics', ['id'], ['updated', '_fivetran_synced']) }}
),

current_campaigns as (
    {{ cdp_latest('campaigns', ['id'], ['updated', '_fivetran_synced']) }}
),

named_events as (
    select
        single_events.*,
        lower(coalesce(current_metrics.name, single_events.type)) as metric_name,
        lower(coalesce(single_events.property_client_type, '')) as client_type,
        lower(coalesce(single_events.property_client_name, '')) as client_name
    from single_events
    left join current_metrics
        on
            single_events._source = current_metrics._source
            and single_events.metric_id = current_metrics.id
),

events_with_kind as (
    select
        *,
        case
            when metric_name like '%sms%' then 'sms'
            when metric_name like '%push%' then 'push'
            else 'email'
        end as channel,
        case
            when metric_name in ('received email', 'received sms', 'received push')
                then 'delivered'
            when metric_name in ('opened email', 'opened push') then 'opened'
            when metric_name in ('clicked email', 'clicked sms') then 'clicked'
            when
                metric_name in (
                    'bounced email', 'dropped email', 'failed to deliver sms',
                    'bounced push'
                )
                then 'bounced'
            when metric_name like 'unsubscribed%' then 'unsubscribed'
            when metric_name = 'marked email as spam' then 'complained'
        end as kind
    from named_events
),

messages as (
    select
        events_with_kind._source as source,
        events_with_kind._brand as brand,
        events_with_kind.id as record_id,
        events_with_kind.person_id as klaviyo_person_id,
        {{ dbt.concat([
            'coalesce(events_with_kind.campaign_id, events_with_kind.flow_message_id)',
            "'|'", 'events_with_kind.person_id',
        ]) }} as message_id,
        events_with_kind.channel,
        events_with_kind.kind,
        coalesce(events_with_kind.campaign_id, events_with_kind.flow_id) as campaign_id,
        coalesce(current_campaigns.name, events_with_kind.property_campaign_name)
            as campaign_name,
        coalesce(events_with_kind.property_subject, current_campaigns.subject)
            as subject,
        events_with_kind.property_url as url,
        -- Mail privacy proxies and link scanners open and click for the reader.
        events_with_kind.kind in ('opened', 'clicked')
        and (
            events_with_kind.client_type in (
                'bot', 'library', 'machine', 'proxy', 'robot'
            )
            or events_with_kind.client_name like '%privacy%'
        ) as is_machine,
        events_with_kind.datetime as occurred_at,
        coalesce(events_with_kind._fivetran_deleted, false) as is_deleted
    from events_with_kind
    left join current_campaigns
        on
            events_with_kind._source = current_campaigns._source
            and events_with_kind.campaign_id = current_campaigns.id
    where events_with_kind.kind is not null
)

{{ cdp_emit('messages', 'messages', [
    'occurred_at', 'message_id', 'channel', 'kind', 'campaign_id', 'campaign_name',
    'subject', 'url', 'is_machine',
]) }}
