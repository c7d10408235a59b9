-- One row per (sync, field, source, record_id): a value of a record in a source that a
-- sync writes to, as the sync would have sent it. Feeds prf_first_sights and
-- prf_echoes.

with statements as (
    select * from {{ ref('prf_statements') }}
    where party < 3
),

contacts as (
    select
        source,
        record_id,
        max(case when identifier_type = 'email' then identifier_value end) as email,
        max(case when identifier_type = 'phone' then identifier_value end) as phone
    from {{ ref('idg_identifiers') }}
    where is_person and identifier_type in ('email', 'phone')
    group by source, record_id
),

stated as (
    select
        statements.*,
        contacts.email,
        contacts.phone
    from statements
    left join contacts
        on
            statements.source = contacts.source
            and statements.record_id = contacts.record_id
),

written_values as (
    select
        cast(null as {{ cdp_type('text') }}) as sync,
        cast(null as {{ cdp_type('text') }}) as field,
        cast(null as {{ cdp_type('text') }}) as attribute,
        profile_id,
        source,
        record_id,
        created_at,
        observed_at,
        cast(null as {{ cdp_type('text') }}) as value,
        cast(null as {{ cdp_type('integer') }}) as sent_hash
    from stated
    where false
    {%- for field in cdp_written_fields() %}
    {%- set sent = cdp_as_sent(field.column, field.normalise) %}

    union all

    select
        '{{ field.sync }}' as sync,
        {{ dbt.string_literal(field.field) }} as field,
        '{{ field.column }}' as attribute,
        profile_id,
        source,
        record_id,
        created_at,
        observed_at,
        cast({{ field.column }} as {{ cdp_type('text') }}) as value,
        {{ cdp_sent_hash(sent, field.column, field.normalise) }} as sent_hash
    from stated
    where
        source in ({{ cdp_text_list(field.sources) }})
        and {{ field.column }} is not null
    {%- endfor %}
)

select * from written_values
