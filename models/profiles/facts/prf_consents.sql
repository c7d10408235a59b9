-- One row per consent or preference change of a profile. A grant must have happened. A
-- refusal holds however it is dated: one without a date, or by a clock that runs ahead,
-- counts as said just now.

with consents as (
    select * from {{ ref('inp_consents') }}
    where coalesce(is_deleted, false) = false
),

identity_map as (
    select * from {{ ref('cdp_identity_map') }}
),

dated as (
    select
        *,
        case
            when lower(status) = 'granted' then occurred_at
            else {{ cdp_refused_at('occurred_at') }}
        end as counts_from
    from consents
)

select
    identity_map.profile_id,
    dated.source,
    dated.record_id,
    dated.brand,
    dated.counts_from as occurred_at,
    dated.purpose,
    dated.channel,
    dated.status,
    dated.legal_basis,
    dated.jurisdiction,
    dated.wording_version
from dated
inner join identity_map
    on
        dated.source = identity_map.source
        and dated.identity_key = identity_map.record_id
where dated.counts_from <= {{ cdp_now() }}
