-- One row per interaction: each row of each contract that belongs to a profile and has
-- happened, with one readable line that holds no personal data. (contract, source,
-- record_id) is unique. A view: whose an interaction is follows the identity map, also
-- for what she did before anybody knew her.

{{ config(schema=none, access='public', materialized='view') }}

with interactions as (
    select * from {{ ref('prf_interactions') }}
),

identity_map as (
    select * from {{ ref('cdp_identity_map') }}
),

timeline as (
    select
        identity_map.profile_id,
        interactions.occurred_at,
        interactions.channel,
        interactions.kind,
        interactions.summary,
        interactions.amount,
        interactions.currency,
        interactions.source,
        interactions.record_id,
        interactions.brand,
        interactions.contract
    from interactions
    inner join identity_map
        on
            interactions.source = identity_map.source
            and interactions.identity_key = identity_map.record_id
)

select * from timeline
