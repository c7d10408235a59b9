-- One row per profile of the email and SMS tool. Feeds the contract people.

{{ config(
    enabled=cdp_has_source('klaviyo'),
    meta={
        'cdp_contract': 'people',
        'cdp_identifiers': ['klaviyo_person_id', 'email', 'phone'],
    },
) }}

with persons as (
    {{ cdp_source('klaviyo', 'person') }}
),

current_persons as (
    {{ cdp_latest('persons', ['id'], ['updated', '_fivetran_synced']) }}
),

people as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        id as klaviyo_person_id,
        email,
        phone_number as phone,
        'subscriber' as person_kind,
        first_name,
        last_name,
        address_1 as address_line1,
        address_2 as address_line2,
        city,
        region,
        zip as postal_code,
        country as country_code,
        organization as company,
        title as job_title,
        created as created_at,
        coalesce(updated, created) as updated_at,
        coalesce(_fivetran_deleted, false) as is_deleted
    from current_persons
)

{{ cdp_emit('people', 'people', [
    'person_kind', 'first_name', 'last_name', 'address_line1', 'address_line2', 'city',
    'region', 'postal_code', 'country_code', 'company', 'job_title', 'created_at',
    'updated_at',
]) }}
