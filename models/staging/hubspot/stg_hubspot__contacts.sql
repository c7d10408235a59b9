-- One row per contact of the marketing hub. Feeds the contract people.

{{ config(
    enabled=cdp_has_source('hubspot'),
    meta={
        'cdp_contract': 'people',
        'cdp_identifiers': ['hubspot_contact_id', 'email', 'phone'],
    },
) }}

with contacts as (
    {{ cdp_source('hubspot', 'contact') }}
),

current_contacts as (
    {{ cdp_latest('contacts', ['id'], [
        'property_lastmodifieddate', '_fivetran_synced',
    ]) }}
),

people as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        id as hubspot_contact_id,
        property_email as email,
        coalesce(
            property_mobilephone, property_phone
        ) as phone,
        'contact' as person_kind,
        property_firstname as first_name,
        property_lastname as last_name,
        property_address as address_line1,
        property_city as city,
        property_state as region,
        property_zip as postal_code,
        property_country as country_code,
        property_company as company,
        property_jobtitle as job_title,
        property_hs_language as language,
        property_hubspot_owner_id as owner_id,
        property_associatedcompanyid as account_id,
        property_hs_lead_status as lead_status,
        property_createdate as created_at,
        coalesce(property_lastmodifieddate, _fivetran_synced) as updated_at,
        coalesce(_fivetran_deleted, false) as is_deleted
    from current_contacts
)

{{ cdp_emit('people', 'people', [
    'person_kind', 'first_name', 'last_name', 'address_line1', 'city', 'region',
    'postal_code', 'country_code', 'company', 'job_title', 'language', 'owner_id',
    'account_id', 'lead_status', 'created_at', 'updated_at',
]) }}
