-- One row per receipt of the consent platform. Feeds the contract consents.

{{ config(
    enabled=cdp_has_source('consent'),
    meta={
        'cdp_contract': 'consents',
        'cdp_identifiers': ['user_id', 'email', 'phone'],
    },
) }}

with raw_receipts as (
    {{ cdp_source('consent', 'receipts') }}
),

receipts as (
    {{ cdp_latest('raw_receipts', ['receipt_id'], ['captured_at']) }}
),

consents as (
    select
        _source as source,
        _brand as brand,
        receipt_id as record_id,
        false as is_deleted,
        user_id,
        email,
        phone,
        captured_at as occurred_at,
        lower(purpose) as purpose,
        coalesce(lower(channel), 'any') as channel,
        lower(status) as status,
        lower(legal_basis) as legal_basis,
        upper(jurisdiction) as jurisdiction,
        wording_version,
        evidence
    from receipts
)

{{ cdp_emit('consents', 'consents', [
    'occurred_at', 'purpose', 'channel', 'status', 'legal_basis', 'jurisdiction',
    'wording_version', 'evidence',
]) }}
