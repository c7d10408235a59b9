-- One row per profile_id: the person. Golden attributes, then the columns that each
-- trait model of `cdp_traits` documents in its YAML (a column's `cdp_default` stands in
-- for people without a row there).

{{ config(schema=none, access='public') }}

{%- set traits = cdp_traits() %}

with records as (
    select * from {{ cdp_of_profiles(ref('cdp_identity_map')) }}
),

people as (
    select * from {{ cdp_of_profiles(ref('prf_people')) }}
),

identifiers as (
    select * from {{ cdp_of_profiles(ref('cdp_identifiers')) }}
),

attributes as (
    select * from {{ cdp_of_profiles(ref('prf_attributes')) }}
),

profiles as (
    select
        profile_id,
        count(distinct source) as sources
    from records
    group by profile_id
),

person_records as (
    select
        profile_id,
        count(*) as person_records
    from people
    group by profile_id
),

sightings as (
    select
        profile_id,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from identifiers
    group by profile_id
),

final as (
    select
        profiles.profile_id,
        {%- for name in var('cdp_attributes') %}
        attributes.{{ name }},
        {%- endfor %}
        (
            person_records.profile_id is not null
            {%- for name in cdp_contact_attributes() if name in var('cdp_attributes') %}
            or attributes.{{ name }} is not null
            {%- endfor %}
        ) as is_known,
        coalesce(person_records.person_records, 0) as person_records,
        profiles.sources,
        sightings.first_seen_at,
        sightings.last_seen_at
        {%- for trait in traits %}
        {%- for name in trait.columns %},
        {{ cdp_trait_column(trait, name) }} as {{ name }}
        {%- endfor %}
        {%- endfor %}
    from profiles
    left join person_records on profiles.profile_id = person_records.profile_id
    left join sightings on profiles.profile_id = sightings.profile_id
    left join attributes on profiles.profile_id = attributes.profile_id
    {%- for trait in traits %}
    left join {{ cdp_of_profiles(trait.relation, trait.name) }}
        on profiles.profile_id = {{ trait.name }}.profile_id
    {%- endfor %}
)

select * from final
