-- One row per member of the club. Feeds the contract people.

{{ config(meta={'cdp_contract': 'people', 'cdp_identifiers': ['club_id', 'email', 'phone']}) }}

with members as (
    select
        'club' as source,
        member_no as record_id,
        'Shop' as brand,
        false as is_deleted,
        member_no as club_id,
        mail as email,
        mobile as phone,
        given as first_name,
        family as last_name,
        joined as created_at,
        changed as updated_at
    from {{ ref('club_members') }}
)

{{ cdp.cdp_emit('people', 'members', ['first_name', 'last_name', 'created_at', 'updated_at']) }}
