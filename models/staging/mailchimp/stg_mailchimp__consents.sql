-- One row per list membership (its opt-in or opt-out) and per unsubscribe. Feeds the
-- contract consents.

{{ config(
    enabled=cdp_has_source('mailchimp'),
    meta={
        'cdp_contract': 'consents',
        'cdp_identifiers': ['mailchimp_member_id', 'email'],
    },
) }}

with lists as (
    {{ cdp_source('mailchimp', 'list') }}
),

members as (
    {{ cdp_source('mailchimp', 'member') }}
),

unsubscribes as (
    {{ cdp_source('mailchimp', 'unsubscribe') }}
),

current_lists as (
    {{ cdp_latest('lists', ['id'], ['_fivetran_synced']) }}
),

current_members as (
    {{ cdp_latest('members', ['id', 'list_id'], ['last_changed', '_fivetran_synced']) }}
),

single_unsubscribes as (
    {{ cdp_latest('unsubscribes', ['campaign_id', 'member_id'], [
        'timestamp', '_fivetran_synced',
    ]) }}
),

choices as (
    -- Of the other states, `pending` is no answer yet and `cleaned` is a dead address.
    select
        current_members._source,
        current_members._brand,
        {{ dbt.concat([
            "'member|'", 'current_members.list_id', "'|'", 'current_members.id',
        ]) }} as record_id,
        current_members.id as member_id,
        current_members.email_address as email,
        case lower(current_members.status)
            when 'subscribed' then 'granted' else 'withdrawn'
        end as status,
        {{ dbt.concat([
            "'list: '", 'coalesce(current_lists.name, current_members.list_id)',
        ]) }} as evidence,
        case lower(current_members.status)
            when 'subscribed'
                then
                    coalesce(
                        current_members.timestamp_opt, current_members.timestamp_signup,
                        current_members.last_changed
                    )
            else current_members.last_changed
        end as occurred_at,
        -- A refusal outlives the membership.
        coalesce(current_members._fivetran_deleted, false)
        and lower(current_members.status) = 'subscribed' as is_deleted
    from current_members
    left join current_lists
        on
            current_members._source = current_lists._source
            and current_members.list_id = current_lists.id
    where lower(current_members.status) in ('subscribed', 'unsubscribed')
    union all
    select
        _source,
        _brand,
        {{ dbt.concat([
            "'unsubscribe|'", 'campaign_id', "'|'", 'member_id',
        ]) }} as record_id,
        member_id,
        cast(null as {{ cdp_type('text') }}) as email,
        'withdrawn' as status,
        {{ dbt.concat([
            "'campaign: '", 'campaign_id', "coalesce(' (' || reason || ')', '')",
        ]) }} as evidence,
        single_unsubscribes.timestamp as occurred_at,
        false as is_deleted
    from single_unsubscribes
),

consents as (
    select
        _source as source,
        _brand as brand,
        record_id,
        member_id as mailchimp_member_id,
        email,
        'marketing_email' as purpose,
        'email' as channel,
        status,
        evidence,
        occurred_at,
        is_deleted
    from choices
)

{{ cdp_emit('consents', 'consents', [
    'occurred_at', 'purpose', 'channel', 'status', 'evidence',
]) }}
