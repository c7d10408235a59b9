-- One row per agent or administrator of the help desk. Feeds the contract owners.

{{ config(
    enabled=cdp_has_source('zendesk'),
    meta={'cdp_contract': 'owners', 'cdp_identifiers': []},
) }}

with users as (
    {{ cdp_source('zendesk', 'user') }}
),

current_users as (
    {{ cdp_latest('users', ['id'], ['updated_at', '_fivetran_synced']) }}
),

owners as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        name,
        email as work_email,
        active as is_active,
        coalesce(updated_at, created_at) as updated_at,
        false as is_deleted
    from current_users
    where role in ('agent', 'admin')
)

{{ cdp_emit('owners', 'owners', ['name', 'work_email', 'is_active', 'updated_at']) }}
