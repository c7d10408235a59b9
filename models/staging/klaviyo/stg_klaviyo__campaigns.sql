-- One row per campaign of the email and SMS tool. Feeds the contract campaigns.

{{ config(
    enabled=cdp_has_source('klaviyo'),
    meta={'cdp_contract': 'campaigns', 'cdp_identifiers': []},
) }}

with campaigns as (
    {{ cdp_source('klaviyo', 'campaign') }}
),

current_campaigns as (
    {{ cdp_latest('campaigns', ['id'], ['updated', '_fivetran_synced']) }}
),

named_campaigns as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        name,
        case when lower(campaign_type) like '%sms%' then 'sms' else 'email' end
            as channel,
        lower(status) as status,
        subject,
        coalesce(sent_at, send_time) as started_at,
        coalesce(updated, created) as updated_at,
        coalesce(_fivetran_deleted, false) as is_deleted
    from current_campaigns
)

{{ cdp_emit('campaigns', 'named_campaigns', [
    'name', 'channel', 'status', 'subject', 'started_at', 'updated_at',
]) }}
