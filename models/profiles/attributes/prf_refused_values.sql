-- One row per (source, record_id, attribute): a stated value that is no evidence, and
-- why: we wrote it there ourselves, or it cannot be.

{%- set names = var('cdp_attributes').keys() | list %}

with statements as (
    select * from {{ ref('prf_statements') }}
),

echoes as (
    select * from {{ ref('prf_echoes') }}
),

refused as (
    select
        profile_id,
        source,
        record_id,
        attribute,
        value,
        observed_at,
        'echo' as reason,
        concat('an echo: ', sync, ' wrote it there') as why
    from echoes
    {%- if 'birth_date' in names %}

    union all

    select
        profile_id,
        source,
        record_id,
        'birth_date' as attribute,
        cast(birth_date as {{ cdp_type('text') }}) as value,
        observed_at,
        case
            when birth_date > {{ cdp_today() }} then 'future_birth_date'
            else 'placeholder'
        end as reason,
        case
            when birth_date > {{ cdp_today() }} then 'born in the future'
            else 'a placeholder: born in 1900 or before'
        end as why
    from statements
    where
        birth_date > {{ cdp_today() }}
        or birth_date <= cast('1900-12-31' as date)
    {%- endif %}
),

-- An echo of an impossible date is one refusal.
ranked as (
    select
        *,
        row_number() over (
            partition by source, record_id, attribute
            order by reason
        ) as position
    from refused
),

final as (
    select
        profile_id,
        source,
        record_id,
        attribute,
        value,
        observed_at,
        reason,
        why
    from ranked
    where position = 1
)

select * from final
