-- One row per card of the loyalty programme. Feeds the contract people.

{{ config(
    enabled=cdp_has_source('loyalty'),
    meta={
        'cdp_contract': 'people',
        'cdp_identifiers': ['loyalty_id', 'email', 'phone'],
    },
) }}

with raw_members as (
    {{ cdp_source('loyalty', 'members') }}
),

members as (
    {{ cdp_latest('raw_members', ['loyalty_id'], ['updated_at']) }}
),

people as (
    select
        _source as source,
        _brand as brand,
        loyalty_id as record_id,
        coalesce(is_deleted, false) as is_deleted,
        loyalty_id,
        email,
        phone,
        'member' as person_kind,
        first_name,
        last_name,
        birth_date,
        gender,
        address_line1,
        city,
        state as region,
        postal_code,
        country as country_code,
        {{ cdp_json_object({
            'tier': 'tier', 'age_band': 'age_band', 'income_band': 'income_band',
            'household_size': 'household_size',
        }) }} as attributes,
        enrolled_at as created_at,
        updated_at
    from members
)

{{ cdp_emit('people', 'people', [
    'person_kind', 'first_name', 'last_name', 'birth_date', 'gender', 'address_line1',
    'city', 'region', 'postal_code', 'country_code', 'attributes', 'created_at',
    'updated_at',
]) }}
