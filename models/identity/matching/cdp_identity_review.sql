-- One row per (one_profile_id, other_profile_id) that may be one person and were not
-- merged, by their closest pair of records; most likely first by weight. The two lines
-- are what to add to the seed cdp_identity_overrides to decide it.

{{ config(schema=none, access='public', enabled=cdp_matches_people()) }}

{%- set comparisons = cdp_match_comparisons() %}

with undecided as (
    select * from {{ ref('idg_undecided') }}
),

weights as (
    select * from {{ ref('idg_match_weights') }}
),

people as (
    select * from {{ ref('idg_match_people') }}
),

nodes as (
    select * from {{ ref('idg_nodes') }}
    where identifier_type = 'record'
),

profiles as (
    select * from {{ ref('idg_current_profiles') }}
    where is_present
),

sides as (
    select
        people.node_id,
        people.source,
        people.record_id,
        nodes.identifier_value as record_key,
        {{ cdp_profile_id('profiles.profile_number') }} as profile_id
    from people
    inner join nodes on people.node_id = nodes.node_id
    inner join profiles on people.node_id = profiles.node_id
),

terms as (
    select
        one_id,
        other_id,
        weight,
        {%- for name in comparisons %}
        case
            when {{ name }} <> 0
                then '{{ name }} ' || cast(
                    cast({{ name }} as numeric(9, 1)) as {{ cdp_type('text') }}
                ) || ', '
            else ''
        end
        {%- if not loop.last %} ||{% endif %}
        {%- endfor %} as listed
    from weights
)

select
    one.profile_id as one_profile_id,
    other.profile_id as other_profile_id,
    one.source as one_source,
    one.record_id as one_record_id,
    other.source as other_source,
    other.record_id as other_record_id,
    terms.weight,
    left(terms.listed, length(terms.listed) - 2) as terms,
    cast(undecided.pairs as {{ cdp_type('integer') }}) as pairs,
    undecided.reason,
    {{ cdp_override_line('force_link', 'one.record_key', 'other.record_key') }}
        as line_to_link,
    {{ cdp_override_line('force_unlink', 'one.record_key', 'other.record_key') }}
        as line_to_unlink
from undecided
inner join terms
    on
        undecided.one_node_id = terms.one_id
        and undecided.other_node_id = terms.other_id
inner join sides as one on undecided.one_node_id = one.node_id
inner join sides as other on undecided.other_node_id = other.node_id
