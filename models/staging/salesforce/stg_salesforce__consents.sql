-- One row per contact or lead that opted out of email. Feeds the contract consents.
-- The CRM keeps only the present flag, so a refusal dates from the record's last change.

{{ config(
    enabled=cdp_has_source('salesforce'),
    meta={
        'cdp_contract': 'consents',
        'cdp_identifiers': ['salesforce_contact_id', 'salesforce_lead_id', 'email'],
    },
) }}

with contacts as (
    {{ cdp_source('salesforce', 'contact') }}
),

leads as (
    {{ cdp_source('salesforce', 'lead') }}
),

current_contacts as (
    {{ cdp_latest('contacts', ['id'], [
        '_fivetran_active', 'last_modified_date', '_fivetran_synced',
    ]) }}
),

current_leads as (
    {{ cdp_latest('leads', ['id'], [
        '_fivetran_active', 'last_modified_date', '_fivetran_synced',
    ]) }}
),

people as (
    select
        _source,
        _brand,
        id,
        id as salesforce_contact_id,
        null as salesforce_lead_id,
        email,
        has_opted_out_of_email,
        last_modified_date,
        is_deleted
    from current_contacts
    union all
    select
        _source,
        _brand,
        id,
        converted_contact_id as salesforce_contact_id,
        id as salesforce_lead_id,
        email,
        has_opted_out_of_email,
        last_modified_date,
        is_deleted
    from current_leads
),

refusals as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        salesforce_contact_id,
        salesforce_lead_id,
        email,
        'marketing_email' as purpose,
        'email' as channel,
        'denied' as status,
        'has_opted_out_of_email' as evidence,
        last_modified_date as occurred_at,
        coalesce(is_deleted, false) as is_deleted
    from people
    where has_opted_out_of_email
)

{{ cdp_emit('consents', 'refusals', [
    'occurred_at', 'purpose', 'channel', 'status', 'evidence',
]) }}
