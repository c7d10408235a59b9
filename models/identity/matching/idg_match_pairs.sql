-- One row per (one_id, other_id) worth a comparison, whichever rules name it, with the
-- first of them and how many do. Feeds idg_match_levels and idg_match_yields.
-- A record is compared with two hundred others at most: those that most rules name.

{{ config(enabled=cdp_matches_people()) }}

{%- set most_candidates = 200 %}

with keys as (
    select * from {{ ref('idg_match_keys') }}
),

pairs as (
    select
        keys.node_id as one_id,
        other_keys.node_id as other_id,
        min(keys.rule_rank) as rule_rank,
        count(*) as rules
    from keys
    inner join keys as other_keys
        on
            keys.rule_rank = other_keys.rule_rank
            and keys.block_key = other_keys.block_key
            and keys.node_id < other_keys.node_id
    group by keys.node_id, other_keys.node_id
),

sides as (
    select
        one_id as node_id,
        one_id,
        other_id,
        rules
    from pairs
    union all
    select
        other_id as node_id,
        one_id,
        other_id,
        rules
    from pairs
),

busy_nodes as (
    select node_id from sides
    group by node_id
    having count(*) > {{ most_candidates }}
),

ranked as (
    select
        sides.one_id,
        sides.other_id,
        row_number() over (
            partition by sides.node_id
            order by sides.rules desc, sides.one_id, sides.other_id
        ) as place
    from sides
    inner join busy_nodes on sides.node_id = busy_nodes.node_id
),

surplus as (
    select distinct
        one_id,
        other_id
    from ranked
    where place > {{ most_candidates }}
)

select
    pairs.one_id,
    pairs.other_id,
    case pairs.rule_rank
        {%- for rule in cdp_match_blocking() %}
        when {{ loop.index }} then '{{ rule }}'
        {%- endfor %}
    end as rule,
    pairs.rules
from pairs
left join surplus
    on
        pairs.one_id = surplus.one_id
        and pairs.other_id = surplus.other_id
where surplus.one_id is null
