-- One row per person on a partner's list. Feeds the contract people.

{{ config(
    enabled=cdp_has_source('partner'),
    meta={
        'cdp_contract': 'people',
        'cdp_identifiers': ['partner_contact_id', 'email', 'phone'],
    },
) }}

with contacts as (
    {{ cdp_source('partner', 'contacts') }}
),

current_contacts as (
    {{ cdp_latest('contacts', ['contact_id'], ['supplied_at', 'partner']) }}
),

people as (
    select
        _source as source,
        _brand as brand,
        contact_id as record_id,
        contact_id as partner_contact_id,
        email,
        phone,
        'partner_contact' as person_kind,
        first_name,
        last_name,
        birth_date,
        address_line1,
        city,
        state as region,
        postal_code,
        country as country_code,
        partner as lead_source,
        supplied_at as updated_at,
        false as is_deleted
    from current_contacts
)

{{ cdp_emit('people', 'people', [
    'person_kind', 'first_name', 'last_name', 'birth_date', 'address_line1', 'city',
    'region', 'postal_code', 'country_code', 'lead_source', 'updated_at',
]) }}
