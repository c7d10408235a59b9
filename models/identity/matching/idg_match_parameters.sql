-- One row per (comparison, level): the evidence in it, in bits. The promoted model, or
-- the one that ships while none is. The row of comparison `prior` is, in bits, how many
-- other records a record is expected to have. Feeds idg_match_frequencies and weights.

{{ config(enabled=cdp_matches_people()) }}

{%- set columns = {
    'version': 'text', 'comparison': 'text', 'level': 'text', 'level_rank': 'integer',
    'm': 'float', 'u': 'float', 'weight': 'float',
} %}

with promoted as (
    select {{ columns.keys() | join(', ') }}
    from (
        {{ cdp_state_rows('cdp_match_models', dict(columns, is_live='boolean')) }}
    ) as models
    where is_live
),

shipped as (
    select {{ columns.keys() | join(', ') }} from {{ ref('cdp_match_parameters') }}
)

select * from promoted
union all
select * from shipped
where not exists (select 1 from promoted)
