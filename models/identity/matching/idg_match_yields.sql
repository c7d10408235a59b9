-- One row per rule of cdp_match_blocking: what it brings to be compared, and what no
-- other rule would have found. One that finds nothing alone is a cost for nothing.

{{ config(enabled=cdp_matches_people(), materialized='view') }}

with keys as (
    select * from {{ ref('idg_match_keys') }}
),

pairs as (
    select * from {{ ref('idg_match_pairs') }}
),

weights as (
    select * from {{ ref('idg_match_weights') }}
),

-- A block of n records is n (n - 1) / 2 pairs: a record counts half of its partners.
named as (
    select
        rule,
        sum(block_size - 1) / 2 as pairs
    from keys
    group by rule
),

alone as (
    select
        pairs.rule,
        count(*) as pairs_alone,
        sum(
            case
                when weights.weight >= 2 and not weights.is_household then 1
                else 0
            end
        ) as links_alone
    from pairs
    inner join weights
        on
            pairs.one_id = weights.one_id
            and pairs.other_id = weights.other_id
    where pairs.rules = 1
    group by pairs.rule
)

select
    named.rule,
    cast(named.pairs as {{ cdp_type('integer') }}) as pairs,
    cast(coalesce(alone.pairs_alone, 0) as {{ cdp_type('integer') }}) as pairs_alone,
    cast(coalesce(alone.links_alone, 0) as {{ cdp_type('integer') }}) as links_alone
from named
left join alone on named.rule = alone.rule
