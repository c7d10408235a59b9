-- Invariant: attributes of a group survive together: the address of a profile is, in
-- all its columns, the address of one of the person's records.

{%- set columns = ['address_line1', 'postal_code', 'city', 'region', 'country_code'] %}

select profiles.profile_id
from {{ ref('cdp_profiles') }} as profiles
left join {{ ref('prf_people') }} as people
    on
        profiles.profile_id = people.profile_id
        {%- for name in columns %}
        and coalesce(profiles.{{ name }}, '') = coalesce(people.{{ name }}, '')
        {%- endfor %}
where people.profile_id is null and profiles.address_line1 is not null
