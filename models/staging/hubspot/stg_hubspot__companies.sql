-- One row per company of the marketing hub. Feeds the contract accounts.

{{ config(
    enabled=cdp_has_source('hubspot'),
    meta={'cdp_contract': 'accounts', 'cdp_identifiers': []},
) }}

with companies as (
    {{ cdp_source('hubspot', 'company') }}
),

current_companies as (
    {{ cdp_latest('companies', ['id'], [
        'property_hs_lastmodifieddate', '_fivetran_synced',
    ]) }}
),

accounts as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        property_name as name,
        {{ cdp_domain('coalesce(property_domain, property_website)') }} as domain,
        property_industry as industry,
        property_numberofemployees as employees,
        property_annualrevenue as annual_revenue,
        property_phone as switchboard,
        property_city as city,
        property_state as region,
        property_country as country_code,
        property_hubspot_owner_id as owner_id,
        property_hs_parent_company_id as parent_id,
        property_createdate as created_at,
        coalesce(property_hs_lastmodifieddate, _fivetran_synced) as updated_at,
        coalesce(is_deleted, false) as is_deleted
    from current_companies
)

{{ cdp_emit('accounts', 'accounts', [
    'name', 'domain', 'industry', 'employees', 'annual_revenue', 'switchboard', 'city',
    'region', 'country_code', 'owner_id', 'parent_id', 'created_at', 'updated_at',
]) }}
