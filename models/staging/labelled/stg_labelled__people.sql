-- One row per record of a file of people whose truth is known. Feeds the contract
-- people of the scratch warehouse in which cdp identity evaluate runs these models.

{{ config(
    enabled=cdp_has_source('labelled'),
    meta={
        'cdp_contract': 'people',
        'cdp_identifiers': ['email', 'phone', 'national_id'],
    },
) }}

with labelled as (
    {{ cdp_source('labelled', 'people') }}
),

people as (
    select
        _source as source,
        _brand as brand,
        record_id,
        email,
        phone,
        national_id,
        coalesce(first_name, {{ cdp_name_part('full_name', 'first') }}) as first_name,
        coalesce(last_name, {{ cdp_name_part('full_name', 'last') }}) as last_name,
        birth_date,
        gender,
        address_line1,
        address_line2,
        city,
        region,
        postal_code,
        country_code,
        company,
        job_title,
        {{ cdp_now() }} as updated_at,
        false as is_deleted
    from labelled
)

{{ cdp_emit('people', 'people', [
    'first_name', 'last_name', 'birth_date', 'gender', 'address_line1', 'address_line2',
    'city', 'region', 'postal_code', 'country_code', 'company', 'job_title', 'updated_at',
]) }}
