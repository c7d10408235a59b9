-- One row per (one_id, other_id) of idg_match_levels: the evidence that the two are one
-- person, in bits (Fellegi and Sunter, 1969); 0 is even odds. A value in common counts by
-- how rare it is. Feeds idg_match_links and cdp_identity_review.

{{ config(enabled=cdp_matches_people()) }}

{%- set comparisons = cdp_match_comparisons() %}

with levels as (
    select * from {{ ref('idg_match_levels') }}
),

people as (
    select * from {{ ref('idg_match_people') }}
),

parameters as (
    select * from {{ ref('idg_match_parameters') }}
),

frequencies as (
    select frequencies.*
    from {{ ref('idg_match_frequencies') }} as frequencies
    inner join (select distinct version from parameters) as versions
        on frequencies.version = versions.version
),

-- Of two people of a thousand, one is expected to be the other less often than of ten.
prior as (
    select
        parameters.weight - {{ cdp_bits('greatest(frequencies.people - 1, 1)') }} as weight
    from parameters
    inner join frequencies on parameters.comparison = frequencies.comparison
    where parameters.comparison = 'prior'
),

-- How common each of a person's values is.
person_shares as (
    select
        people.node_id
        {%- for name, comparison in comparisons.items() if comparison.column %},
        {{ name }}_shares.share as {{ name }}
        {%- endfor %}
    from people
    {%- for name, comparison in comparisons.items() if comparison.column %}
    left join frequencies as {{ name }}_shares
        on {{ name }}_shares.comparison = '{{ name }}'
        and people.{{ comparison.column }} = {{ name }}_shares.compared_value
    {%- endfor %}
),

terms as (
    select
        levels.one_id,
        levels.other_id,
        levels.first_name as first_name_level,
        levels.birth_date as birth_date_level,
        {%- for name, comparison in comparisons.items() %}
        coalesce({{ name }}_parameters.weight, 0)
        {%- if comparison.column %}
        + case
            when levels.{{ name }} = 'exact'
                and {{ name }}_parameters.weight > 0 and person_shares.{{ name }} > 0
                then {{ cdp_bits(name ~ '_parameters.u / person_shares.' ~ name) }}
            else 0
        end
        {%- endif %} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from levels
    inner join person_shares on levels.one_id = person_shares.node_id
    {%- for name in comparisons %}
    left join parameters as {{ name }}_parameters
        on {{ name }}_parameters.comparison = '{{ name }}'
        and levels.{{ name }} = {{ name }}_parameters.level
    {%- endfor %}
)

select
    terms.*,
    prior.weight
    {%- for name in comparisons %}
    + terms.{{ name }}
    {%- endfor %} as weight,
    -- Another given name at the same address is a household, not a person, unless the
    -- birth date speaks for it.
    coalesce(first_name_level = 'different', false)
    and coalesce(birth_date_level, 'different') not in ('exact', 'slip') as is_household
from terms
cross join prior
