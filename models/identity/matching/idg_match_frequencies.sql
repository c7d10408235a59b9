-- One row per (version, comparison, value): the share of people with it when this version
-- of the model was first used, and how many people there were (comparison `prior`). State:
-- a weight must not move because somebody else moved house. Feeds idg_match_weights.

{{ config(
    enabled=cdp_matches_people(), materialized='incremental', schema='cdp_state',
    full_refresh=false,
) }}

with people as (
    select * from {{ ref('idg_match_people') }}
),

versions as (
    select distinct version from {{ ref('idg_match_parameters') }}
    {%- if is_incremental() %}
    where version not in (select version from {{ this }})
    {%- endif %}
),

frequencies as (
    {%- for name, comparison in cdp_match_comparisons().items() if comparison.column %}
    select
        '{{ name }}' as comparison,
        {{ comparison.column }} as compared_value,
        count(*) as people,
        cast(count(*) as {{ cdp_type('float') }}) / sum(count(*)) over () as share
    from people
    where {{ comparison.column }} is not null
    group by {{ comparison.column }}
    union all
    {%- endfor %}
    select
        'prior' as comparison,
        'people' as compared_value,
        count(*) as people,
        cast(1 as {{ cdp_type('float') }}) as share
    from people
)

select
    versions.version,
    frequencies.comparison,
    frequencies.compared_value,
    frequencies.people,
    frequencies.share
from frequencies
cross join versions
