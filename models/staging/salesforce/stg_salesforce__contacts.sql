-- One row per contact of the CRM. Feeds the contract people.

{{ config(
    enabled=cdp_has_source('salesforce'),
    meta={
        'cdp_contract': 'people',
        'cdp_identifiers': ['salesforce_contact_id', 'email', 'phone'],
    },
) }}

with contacts as (
    {{ cdp_source('salesforce', 'contact') }}
),

accounts as (
    {{ cdp_source('salesforce', 'account') }}
),

current_contacts as (
    {{ cdp_latest('contacts', ['id'], [
        '_fivetran_active', 'last_modified_date', '_fivetran_synced',
    ]) }}
),

current_accounts as (
    {{ cdp_latest('accounts', ['id'], [
        '_fivetran_active', 'last_modified_date', '_fivetran_synced',
    ]) }}
),

people as (
    select
        current_contacts._source as source,
        current_contacts._brand as brand,
        current_contacts.id as record_id,
        current_contacts.id as salesforce_contact_id,
        current_contacts.email,
        -- The company's own number says nothing of who answers it.
        coalesce(
            current_contacts.mobile_phone,
            case
                when
                    translate(current_contacts.phone, ' +-.()', '')
                    is distinct from translate(current_accounts.phone, ' +-.()', '')
                    then current_contacts.phone
            end
        ) as phone,
        'contact' as person_kind,
        current_contacts.first_name,
        current_contacts.last_name,
        current_contacts.birthdate as birth_date,
        current_contacts.mailing_street as address_line1,
        current_contacts.mailing_city as city,
        coalesce(
            current_contacts.mailing_state_code, current_contacts.mailing_state
        ) as region,
        current_contacts.mailing_postal_code as postal_code,
        coalesce(
            current_contacts.mailing_country_code, current_contacts.mailing_country
        ) as country_code,
        current_accounts.name as company,
        current_contacts.title as job_title,
        current_contacts.owner_id,
        current_contacts.account_id,
        current_contacts.lead_source,
        current_contacts.created_date as created_at,
        current_contacts.last_modified_date as updated_at,
        coalesce(current_contacts.is_deleted, false) as is_deleted
    from current_contacts
    left join current_accounts
        on
            current_contacts._source = current_accounts._source
            and current_contacts.account_id = current_accounts.id
)

{{ cdp_emit('people', 'people', [
    'person_kind', 'first_name', 'last_name', 'birth_date', 'address_line1', 'city',
    'region', 'postal_code', 'country_code', 'company', 'job_title', 'owner_id',
    'account_id', 'lead_source', 'created_at', 'updated_at',
]) }}
