-- One row per user of the CRM. Feeds the contract owners.

{{ config(
    enabled=cdp_has_source('salesforce'),
    meta={'cdp_contract': 'owners', 'cdp_identifiers': []},
) }}

with users as (
    {{ cdp_source('salesforce', 'user') }}
),

current_users as (
    {{ cdp_latest('users', ['id'], ['_fivetran_active', '_fivetran_synced']) }}
),

owners as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        name,
        email as work_email,
        title,
        is_active,
        _fivetran_synced as updated_at,
        coalesce(_fivetran_deleted, false) as is_deleted
    from current_users
)

{{ cdp_emit('owners', 'owners', [
    'name', 'work_email', 'title', 'is_active', 'updated_at',
]) }}
