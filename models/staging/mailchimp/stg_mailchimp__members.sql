-- One row per address that is a member of any list. Feeds the contract people.
-- A member's id is made from the address, so it is the same in every list: of several
-- memberships the one that changed last speaks.

{{ config(
    enabled=cdp_has_source('mailchimp'),
    meta={
        'cdp_contract': 'people',
        'cdp_identifiers': ['mailchimp_member_id', 'email'],
    },
) }}

with members as (
    {{ cdp_source('mailchimp', 'member') }}
),

current_members as (
    {{ cdp_latest('members', ['id'], ['last_changed', '_fivetran_synced', 'list_id']) }}
),

people as (
    select
        _source as source,
        _brand as brand,
        id as record_id,
        id as mailchimp_member_id,
        email_address as email,
        'subscriber' as person_kind,
        merge_fname as first_name,
        merge_lname as last_name,
        upper(country_code) as country_code,
        language,
        coalesce(timestamp_signup, timestamp_opt) as created_at,
        coalesce(last_changed, _fivetran_synced) as updated_at,
        coalesce(_fivetran_deleted, false) as is_deleted
    from current_members
)

{{ cdp_emit('people', 'people', [
    'person_kind', 'first_name', 'last_name', 'country_code', 'language', 'created_at',
    'updated_at',
]) }}
