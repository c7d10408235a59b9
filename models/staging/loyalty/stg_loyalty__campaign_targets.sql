-- One row per coupon mailing sent to a card. Feeds the contract messages.

{{ config(
    enabled=cdp_has_source('loyalty'),
    meta={
        'cdp_contract': 'messages',
        'cdp_identifiers': ['loyalty_id'],
    },
) }}

with raw_targets as (
    {{ cdp_source('loyalty', 'campaign_targets') }}
),

raw_campaigns as (
    {{ cdp_source('loyalty', 'campaigns') }}
),

targets as (
    {{ cdp_latest('raw_targets', ['campaign_id', 'loyalty_id'], []) }}
),

campaigns as (
    {{ cdp_latest('raw_campaigns', ['campaign_id'], ['end_date']) }}
),

messages as (
    select
        targets._source as source,
        targets._brand as brand,
        {{ cdp_id('targets.campaign_id', 'targets.loyalty_id') }} as record_id,
        false as is_deleted,
        targets.loyalty_id,
        campaigns.start_date as occurred_at,
        {{ cdp_id('targets.campaign_id', 'targets.loyalty_id') }} as message_id,
        'mail' as channel,
        'sent' as kind,
        targets.campaign_id,
        campaigns.name as campaign_name,
        false as is_machine
    from targets
    left join campaigns
        on
            targets._source = campaigns._source
            and targets.campaign_id = campaigns.campaign_id
)

{{ cdp_emit('messages', 'messages', [
    'occurred_at', 'message_id', 'channel', 'kind', 'campaign_id', 'campaign_name',
    'is_machine',
]) }}
