-- One row per (source, record_id, attribute): a value that we ourselves wrote to the
-- source and that it tells us back: no evidence. What a source said before we first
-- wrote it is its own word, and so is what nobody watched at that time, on a record
-- older than our writing.

with written_values as (
    select * from {{ ref('prf_written_values') }}
),

first_sights as (
    select * from {{ ref('prf_first_sights') }}
),

watches as (
    select * from {{ ref('prf_first_sights') }}
    where record_id = ''
),

ledger as (
    {{ cdp_state_rows('cdp_sync_ledger', {
        'sync': 'text', 'profile_id': 'text', 'operation': 'text', 'status': 'text',
        'field_hashes': 'text', 'settled_at': 'timestamp',
    }) }}
),

redirects as (
    select distinct
        previous_profile_id,
        current_profile_id
    from {{ ref('cdp_identity_changes') }}
    where change_type = 'merged' and current_profile_id is not null
),

acknowledged as (
    select
        ledger.sync,
        coalesce(redirects.current_profile_id, ledger.profile_id) as profile_id,
        ledger.field_hashes,
        min(ledger.settled_at) as first_sent_at
    from ledger
    left join redirects on ledger.profile_id = redirects.previous_profile_id
    where
        ledger.status = 'acknowledged'
        and ledger.operation in ('create', 'adopt', 'update')
    group by
        ledger.sync,
        coalesce(redirects.current_profile_id, ledger.profile_id),
        ledger.field_hashes
),

sent as (
    select
        sync,
        profile_id,
        cast(null as {{ cdp_type('text') }}) as field,
        cast(null as {{ cdp_type('integer') }}) as sent_hash,
        first_sent_at
    from acknowledged
    where false
    {%- for field in cdp_written_fields() %}
    {%- set hash = cdp_json_value('field_hashes', field.field) %}

    union all

    select
        sync,
        profile_id,
        {{ dbt.string_literal(field.field) }} as field,
        cast({{ hash }} as {{ cdp_type('integer') }}) as sent_hash,
        first_sent_at
    from acknowledged
    where sync = '{{ field.sync }}'
    {%- endfor %}
),

echoes as (
    select
        written_values.profile_id,
        written_values.source,
        written_values.record_id,
        written_values.attribute,
        written_values.value,
        written_values.observed_at,
        min(written_values.sync) as sync,
        min(sent.first_sent_at) as first_sent_at
    from written_values
    inner join sent
        on
            written_values.sync = sent.sync
            and written_values.field = sent.field
            and written_values.profile_id = sent.profile_id
            and written_values.sent_hash = sent.sent_hash
    inner join first_sights
        on
            written_values.source = first_sights.source
            and written_values.record_id = first_sights.record_id
            and written_values.attribute = first_sights.attribute
            and {{ dbt.hash('written_values.value') }} = first_sights.value_hash
    inner join watches
        on
            written_values.source = watches.source
            and written_values.attribute = watches.attribute
    where
        first_sights.first_seen_at >= sent.first_sent_at
        and (
            watches.first_seen_at <= sent.first_sent_at
            or coalesce(written_values.created_at >= sent.first_sent_at, true)
        )
    group by
        written_values.profile_id,
        written_values.source,
        written_values.record_id,
        written_values.attribute,
        written_values.value,
        written_values.observed_at
)

select * from echoes
