-- One row per organization of the help desk. Feeds the contract accounts.

{{ config(
    enabled=cdp_has_source('zendesk'),
    meta={'cdp_contract': 'accounts', 'cdp_identifiers': []},
) }}

with organizations as (
    {{ cdp_source('zendesk', 'organization') }}
),

current_organizations as (
    {{ cdp_latest('organizations', ['id'], ['updated_at', '_fivetran_synced']) }}
),

accounts as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        name,
        created_at,
        coalesce(updated_at, created_at) as updated_at,
        false as is_deleted
    from current_organizations
)

{{ cdp_emit('accounts', 'accounts', ['name', 'created_at', 'updated_at']) }}
