-- One row per (one_id, other_id) of idg_match_pairs: how close the two are by each
-- comparison. Feeds idg_match_weights, and what cdp identity train fits.

{{ config(enabled=cdp_matches_people()) }}

with pairs as (
    select * from {{ ref('idg_match_pairs') }}
),

people as (
    select * from {{ ref('idg_match_people') }}
)

select
    pairs.one_id,
    pairs.other_id,
    {{- cdp_match_levels() }}
from pairs
inner join people as one on pairs.one_id = one.node_id
inner join people as other on pairs.other_id = other.node_id
