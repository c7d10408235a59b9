-- One row per (profile_id, purpose, channel): where a person's consent stands. The
-- latest statement of any of her records holds; of two at the same moment, the
-- stricter.

{{ config(schema=none, access='public') }}

with statements as (
    select * from {{ ref('prf_consent_events') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id, purpose, channel
            order by
                occurred_at desc,
                case when status = 'granted' then 1 else 0 end,
                source,
                record_id
        ) as position
    from statements
),

current_state as (
    select
        profile_id,
        purpose,
        channel,
        status,
        occurred_at as since,
        source,
        record_id,
        legal_basis
    from ranked
    where position = 1
)

select * from current_state
