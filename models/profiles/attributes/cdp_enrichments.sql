-- One row per (profile_id, provider, attribute): what a provider last told of a person,
-- for as long as its licence lasts. An expired statement is not here, nor is an older
-- one of the same provider.

{{ config(schema=none, access='public') }}

with enrichments as (
    {{ cdp_profiled('enrichments', [
        'occurred_at', 'provider', 'attribute', 'value', 'licence', 'expires_at',
    ]) }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id, provider, attribute
            order by occurred_at desc, source, record_id
        ) as position
    from enrichments
    where
        provider is not null
        and attribute is not null
        and value is not null
        and coalesce(expires_at > {{ cdp_now() }}, true)
),

latest as (
    select
        profile_id,
        provider,
        attribute,
        value,
        occurred_at as observed_at,
        licence,
        expires_at,
        source,
        record_id
    from ranked
    where position = 1
)

select * from latest
