-- One row per (one_id, other_id) worth a comparison, whichever rules name it, with the
-- first of them. Feeds idg_match_levels; counted by rule, it is each rule's yield.

{{ config(enabled=cdp_matches_people()) }}

with keys as (
    select * from {{ ref('idg_match_keys') }}
),

pairs as (
    select
        keys.node_id as one_id,
        other_keys.node_id as other_id,
        min(keys.rule_rank) as rule_rank
    from keys
    inner join keys as other_keys
        on
            keys.rule_rank = other_keys.rule_rank
            and keys.block_key = other_keys.block_key
            and keys.node_id < other_keys.node_id
    group by keys.node_id, other_keys.node_id
)

select
    one_id,
    other_id,
    case rule_rank
        {%- for rule in cdp_match_blocking() %}
        when {{ loop.index }} then '{{ rule }}'
        {%- endfor %}
    end as rule
from pairs
