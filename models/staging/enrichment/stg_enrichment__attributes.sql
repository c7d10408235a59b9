-- One row per attribute that a provider sold for an address. Feeds the contract
-- enrichments.

{{ config(
    enabled=cdp_has_source('enrichment'),
    meta={'cdp_contract': 'enrichments', 'cdp_identifiers': ['email']},
) }}

with attributes as (
    {{ cdp_source('enrichment', 'attributes') }}
),

single_attributes as (
    {{ cdp_latest('attributes', ['record_id'], ['observed_at', 'attribute', 'value']) }}
),

enrichments as (
    select
        _source as source,
        _brand as brand,
        record_id,
        email,
        provider,
        lower(attribute) as attribute,
        value,
        licence,
        expires_at,
        observed_at as occurred_at,
        false as is_deleted
    from single_attributes
)

{{ cdp_emit('enrichments', 'enrichments', [
    'occurred_at', 'provider', 'attribute', 'value', 'licence', 'expires_at',
]) }}
