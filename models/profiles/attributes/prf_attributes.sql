-- One row per profile_id: the golden attributes, each from the surviving candidate of
-- its group. A group in which nobody is believed has none.

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
    where candidate_rank = 1 and is_believed
    group by profile_id
)

select * from survivors
