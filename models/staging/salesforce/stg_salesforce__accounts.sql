-- One row per account (company) of the CRM. Feeds the contract accounts.

{{ config(
    enabled=cdp_has_source('salesforce'),
    meta={'cdp_contract': 'accounts', 'cdp_identifiers': []},
) }}

with accounts as (
    {{ cdp_source('salesforce', 'account') }}
),

current_accounts as (
    {{ cdp_latest('accounts', ['id'], [
        '_fivetran_active', 'last_modified_date', '_fivetran_synced',
    ]) }}
),

companies as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        name,
        {{ cdp_domain('website') }} as domain,
        industry,
        number_of_employees as employees,
        annual_revenue,
        phone as switchboard,
        billing_city as city,
        coalesce(billing_state_code, billing_state) as region,
        coalesce(billing_country_code, billing_country) as country_code,
        owner_id,
        parent_id,
        created_date as created_at,
        coalesce(last_modified_date, _fivetran_synced) as updated_at,
        coalesce(is_deleted, false) as is_deleted
    from current_accounts
)

{{ cdp_emit('accounts', 'companies', [
    'name', 'domain', 'industry', 'employees', 'annual_revenue', 'switchboard', 'city',
    'region', 'country_code', 'owner_id', 'parent_id', 'created_at', 'updated_at',
]) }}
