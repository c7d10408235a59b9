-- One row per (anonymous_id, user_id): somebody who said in a browser who they are.
-- Feeds the contract people. Of each trait the last one told counts: calls tell a few.

{{ config(
    enabled=cdp_has_source('web'),
    meta={
        'cdp_contract': 'people',
        'cdp_identifiers': ['user_id', 'email', 'phone', 'anonymous_id'],
    },
) }}

with identifies as (
    {{ cdp_source('web', 'identifies') }}
),

people as (
    select
        _source as source,
        min(_brand) as brand,
        {{ cdp_id('anonymous_id', 'user_id') }} as record_id,
        false as is_deleted,
        anonymous_id,
        user_id,
        {{ cdp_last_value('email', 'identifies.timestamp') }} as email,
        {{ cdp_last_value('phone', 'identifies.timestamp') }} as phone,
        'visitor' as person_kind,
        {{ cdp_last_value('first_name', 'identifies.timestamp') }} as first_name,
        {{ cdp_last_value('last_name', 'identifies.timestamp') }} as last_name,
        {{ cdp_last_value('context_locale', 'identifies.timestamp') }} as language,
        min(identifies.timestamp) as created_at,
        max(identifies.timestamp) as updated_at
    from identifies
    group by _source, anonymous_id, user_id
)

{{ cdp_emit('people', 'people', [
    'person_kind', 'first_name', 'last_name', 'language', 'created_at', 'updated_at',
]) }}
