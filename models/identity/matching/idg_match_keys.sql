-- One row per (rule, block_key, node_id): who is compared with whom, if the block is of a
-- size that says something. Feeds idg_match_pairs.

{{ config(enabled=cdp_matches_people()) }}

with people as (
    select * from {{ ref('idg_match_people') }}
),

keys as (
    {%- for rule, parts in cdp_match_blocking().items() %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        '{{ rule }}' as rule,
        {{ loop.index }} as rule_rank,
        {{ parts | join(" || '|' || ") }} as block_key,
        node_id
    from people
    {%- endfor %}
),

sized_keys as (
    select
        *,
        count(*) over (partition by rule_rank, block_key) as block_size
    from keys
    where block_key is not null
)

-- A block of a hundred is a common name, or a hotel; a person may have a cap of a hundred
-- candidates a rule, and other rules find whom it hides.
select * from sized_keys
where block_size between 2 and 100
