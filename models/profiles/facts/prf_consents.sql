-- One row per consent or preference change of a profile. A grant must have happened. A
-- refusal holds however it is dated: one without a date, or by a clock that runs ahead,
-- counts as said just now. A refusal under an address that links nobody holds for all
-- who have that address.

with consents as (
    select * from {{ ref('inp_consents') }}
    where coalesce(is_deleted, false) = false
),

identity_map as (
    select * from {{ ref('cdp_identity_map') }}
),

unlinked_holders as (
    select * from {{ ref('prf_unlinked_holders') }}
),

dated as (
    select
        *,
        case
            when lower(status) = 'granted' then occurred_at
            else {{ cdp_refused_at('occurred_at') }}
        end as counts_from
    from consents
),

of_whom as (
    select
        source,
        record_id,
        profile_id,
        true as is_linked
    from identity_map
    union all
    select
        source,
        record_id,
        profile_id,
        false as is_linked
    from unlinked_holders
)

select
    of_whom.profile_id,
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
inner join of_whom
    on
        dated.source = of_whom.source
        and dated.identity_key = of_whom.record_id
where
    dated.counts_from <= {{ cdp_now() }}
    and (of_whom.is_linked or lower(dated.status) <> 'granted')
