-- One row per newsletter campaign. Feeds the contract campaigns.

{{ config(
    enabled=cdp_has_source('mailchimp'),
    meta={'cdp_contract': 'campaigns', 'cdp_identifiers': []},
) }}

with campaigns as (
    {{ cdp_source('mailchimp', 'campaign') }}
),

current_campaigns as (
    {{ cdp_latest('campaigns', ['id'], ['_fivetran_synced']) }}
),

named_campaigns as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        coalesce(title, subject_line) as name,
        'email' as channel,
        lower(status) as status,
        subject_line as subject,
        send_time as started_at,
        coalesce(send_time, create_time) as updated_at,
        coalesce(_fivetran_deleted, false) as is_deleted
    from current_campaigns
)

{{ cdp_emit('campaigns', 'named_campaigns', [
    'name', 'channel', 'status', 'subject', 'started_at', 'updated_at',
]) }}
