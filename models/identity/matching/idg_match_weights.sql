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

{%- for name, comparison in comparisons.items() if comparison.column %}
{{ name }}_shares as (
    select compared_value, share from frequencies where comparison = '{{ name }}'
),
{% endfor %}

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
            when {{ name }}_parameters.weight > 0 and {{ name }}_shares.share > 0
                then {{ cdp_bits(name ~ '_parameters.u / ' ~ name ~ '_shares.share') }}
            else 0
        end
        {%- endif %} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from levels
    inner join people on levels.one_id = people.node_id
    {%- for name, comparison in comparisons.items() %}
    left join parameters as {{ name }}_parameters
        on {{ name }}_parameters.comparison = '{{ name }}'
        and levels.{{ name }} = {{ name }}_parameters.level
    {%- if comparison.column %}
    left join {{ name }}_shares
        on levels.{{ name }} = 'exact'
        and people.{{ comparison.column }} = {{ name }}_shares.compared_value
    {%- endif %}
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
