-- One row per customer account that answered whether it wants marketing mail.
-- Feeds the contract consents.

{{ config(
    enabled=cdp_has_source('shopify'),
    meta={
        'cdp_contract': 'consents',
        'cdp_identifiers': ['shopify_customer_id', 'email'],
    },
) }}

with raw_customers as (
    {{ cdp_source('shopify', 'customer') }}
),

customers as (
    {{ cdp_latest('raw_customers', ['id'], ['updated_at']) }}
),

consents as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        -- A refusal outlives the account: it may hold back a grant elsewhere.
        coalesce(_fivetran_deleted, false) and accepts_marketing as is_deleted,
        id as shopify_customer_id,
        email,
        -- Where the shop does not say when: a yes is as old as the account, a no as
        -- young as its last change. An account that changes for another reason must
        -- not outrank a later withdrawal elsewhere.
        coalesce(
            accepts_marketing_updated_at,
            case when accepts_marketing then created_at else updated_at end
        ) as occurred_at,
        'marketing_email' as purpose,
        'email' as channel,
        case when accepts_marketing then 'granted' else 'denied' end as status,
        'consent' as legal_basis,
        'Shopify customer.accepts_marketing' as evidence
    from customers
    where accepts_marketing is not null
)

{{ cdp_emit('consents', 'consents', [
    'occurred_at', 'purpose', 'channel', 'status', 'legal_basis', 'evidence',
]) }}
