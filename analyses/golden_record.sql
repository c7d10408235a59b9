-- Where does each value of this person's golden record come from, and what did it beat?
--   dbt compile -s golden_record --vars '{profile_id: …}'

select
    attribute,
    rank,
    is_winner,
    value,
    source,
    observed_at,
    why
from {{ ref('cdp_attribute_values') }}
where profile_id = {{ dbt.string_literal(var('profile_id', '')) }}
order by attribute, rank
