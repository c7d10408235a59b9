-- One row per profile_id: the golden attributes, each from the surviving candidate of
-- its group.

with candidates as (
    select * from {{ ref('prf_attribute_candidates') }}
),

survivors as (
    select
        {%- for name in var('cdp_attributes') %}
        max({{ name }}) as {{ name }},
        {%- endfor %}
        profile_id
    from candidates
    where candidate_rank = 1
    group by profile_id
)

select * from survivors
