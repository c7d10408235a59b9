-- One row per purpose and channel that a contact or lead opted out of. Feeds the
-- contract consents. The CRM keeps only the present flags, so a refusal dates from the
-- record's last change.

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
        do_not_call,
        last_modified_date
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
        do_not_call,
        last_modified_date
    from current_leads
),

-- Mail from the CRM is a salesperson's as often as a newsletter: the flag means both.
refusals as (
    select
        *,
        'marketing_email' as purpose,
        'email' as channel,
        'has_opted_out_of_email' as flag
    from people
    where has_opted_out_of_email
    union all
    select
        *,
        'sales_outreach' as purpose,
        'email' as channel,
        'has_opted_out_of_email' as flag
    from people
    where has_opted_out_of_email
    union all
    select
        *,
        'sales_outreach' as purpose,
        'phone' as channel,
        'do_not_call' as flag
    from people
    where do_not_call
),

consents as (
    select
        _source as source,
        _brand as brand,
        {{ dbt.concat(['id', "'|'", 'purpose', "'|'", 'channel']) }} as record_id,
        salesforce_contact_id,
        salesforce_lead_id,
        email,
        purpose,
        channel,
        'denied' as status,
        flag as evidence,
        last_modified_date as occurred_at,
        -- A refusal outlives the record: it may hold back a grant elsewhere.
        false as is_deleted
    from refusals
)

{{ cdp_emit('consents', 'consents', [
    'occurred_at', 'purpose', 'channel', 'status', 'evidence',
]) }}
