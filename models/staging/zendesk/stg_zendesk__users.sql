-- One row per end user of the help desk. Feeds the contract people. Agents are staff.

{{ config(
    enabled=cdp_has_source('zendesk'),
    meta={
        'cdp_contract': 'people',
        'cdp_identifiers': ['zendesk_user_id', 'user_id', 'email', 'phone'],
    },
) }}

with users as (
    {{ cdp_source('zendesk', 'user') }}
),

organizations as (
    {{ cdp_source('zendesk', 'organization') }}
),

current_users as (
    {{ cdp_latest('users', ['id'], ['updated_at', '_fivetran_synced']) }}
),

current_organizations as (
    {{ cdp_latest('organizations', ['id'], ['updated_at', '_fivetran_synced']) }}
),

people as (
    select
        current_users._source as source,
        current_users._brand as brand,
        current_users.id as record_id,
        current_users.id as zendesk_user_id,
        -- Meant for our own user id; some integrations put an address or a name there.
        case
            when
                current_users.external_id not like '%@%'
                and current_users.external_id not like '% %'
                then current_users.external_id
        end as user_id,
        current_users.email,
        current_users.phone,
        'requester' as person_kind,
        {{ cdp_name_part('current_users.name', 'first') }} as first_name,
        {{ cdp_name_part('current_users.name', 'last') }} as last_name,
        current_organizations.name as company,
        current_users.organization_id as account_id,
        current_users.locale as language,
        current_users.verified as is_email_verified,
        current_users.created_at,
        coalesce(current_users.updated_at, current_users.created_at) as updated_at,
        not coalesce(current_users.active, true) as is_deleted
    from current_users
    left join current_organizations
        on
            current_users._source = current_organizations._source
            and current_users.organization_id = current_organizations.id
    where current_users.role = 'end-user'
)

{{ cdp_emit('people', 'people', [
    'person_kind', 'first_name', 'last_name', 'company', 'account_id', 'language',
    'is_email_verified', 'created_at', 'updated_at',
]) }}
