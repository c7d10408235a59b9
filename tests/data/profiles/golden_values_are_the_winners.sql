-- Invariant: an attribute of a person has one winner at most, and it is what stands in
-- cdp_profiles; where nobody won, nothing stands there.

with attribute_values as (
    select * from {{ ref('cdp_attribute_values') }}
),

winners as (
    select
        profile_id,
        attribute,
        count(*) as winners,
        max(value) as value
    from attribute_values
    where is_winner
    group by profile_id, attribute
),

golden as (
    {%- for name in var('cdp_attributes') %}
    {%- if not loop.first %}

    union all
    {% endif %}
    select
        profile_id,
        '{{ name }}' as attribute,
        cast({{ name }} as {{ cdp_type('text') }}) as value
    from {{ ref('cdp_profiles') }}
    where {{ name }} is not null
    {%- endfor %}
)

select
    coalesce(golden.profile_id, winners.profile_id) as profile_id,
    coalesce(golden.attribute, winners.attribute) as attribute
from golden
full outer join winners
    on
        golden.profile_id = winners.profile_id
        and golden.attribute = winners.attribute
where
    winners.winners is null
    or winners.winners > 1
    or golden.value is null
    or golden.value <> winners.value
