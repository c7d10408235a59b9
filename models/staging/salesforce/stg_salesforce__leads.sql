-- One row per lead of the CRM. Feeds the contract people.
-- A converted lead carries the id of the contact it became: the CRM itself says that
-- they are one person.

{{ config(
    enabled=cdp_has_source('salesforce'),
    meta={
        'cdp_contract': 'people',
        'cdp_identifiers': [
            'salesforce_lead_id', 'salesforce_contact_id', 'email', 'phone',
        ],
    },
) }}

with leads as (
    {{ cdp_source('salesforce', 'lead') }}
),

current_leads as (
    {{ cdp_latest('leads', ['id'], [
        '_fivetran_active', 'last_modified_date', '_fivetran_synced',
    ]) }}
),

people as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        id as salesforce_lead_id,
        converted_contact_id as salesforce_contact_id,
        email,
        coalesce(mobile_phone, phone) as phone,
        'lead' as person_kind,
        first_name,
        last_name,
        street as address_line1,
        city,
        coalesce(state_code, state) as region,
        postal_code,
        coalesce(country_code, country) as country_code,
        company,
        title as job_title,
        owner_id,
        converted_account_id as account_id,
        lead_source,
        status as lead_status,
        created_date as created_at,
        last_modified_date as updated_at,
        coalesce(is_deleted, false) as is_deleted
    from current_leads
)

{{ cdp_emit('people', 'people', [
    'person_kind', 'first_name', 'last_name', 'address_line1', 'city', 'region',
    'postal_code', 'country_code', 'company', 'job_title', 'owner_id', 'account_id',
    'lead_source', 'lead_status', 'created_at', 'updated_at',
]) }}
