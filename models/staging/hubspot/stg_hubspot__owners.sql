-- One row per user of the hub who owns records. Feeds the contract owners.

{{ config(
    enabled=cdp_has_source('hubspot'),
    meta={'cdp_contract': 'owners', 'cdp_identifiers': []},
) }}

with hub_owners as (
    {{ cdp_source('hubspot', 'owner') }}
),

current_owners as (
    {{ cdp_latest('hub_owners', ['owner_id'], ['updated_at', '_fivetran_synced']) }}
),

owners as (
    select
        _source as source,
        _brand as brand,
        owner_id as record_id,
        nullif(trim(concat(first_name, ' ', last_name)), '') as name,
        email as work_email,
        is_active,
        coalesce(updated_at, _fivetran_synced) as updated_at,
        false as is_deleted
    from current_owners
)

{{ cdp_emit('owners', 'owners', ['name', 'work_email', 'is_active', 'updated_at']) }}
