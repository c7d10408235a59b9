-- One row per (source, record_id): what a person record, or a provider at one time,
-- states of the golden attributes that are no identifiers. `party`: 1 our own sources,
-- 2 a partner's, 3 a provider's.

{%- set names = var('cdp_attributes').keys()
    | reject('in', cdp_contact_attributes()) | list %}

with people as (
    select * from {{ ref('prf_people') }}
),

enrichments as (
    select * from {{ ref('cdp_enrichments') }}
    where attribute in ({{ cdp_text_list(names or ['']) }})
),

told as (
    select
        profile_id,
        source,
        min(record_id) as record_id,
        3 as party,
        provider,
        observed_at,
        cast(null as {{ cdp_type('timestamp') }}) as created_at
        {%- for name in names %},
        max(
            case
                when attribute = '{{ name }}'
                    then {{ cdp_safe_cast('value', 'text', cdp_contract('people')[name]) }}
            end
        ) as {{ name }}
        {%- endfor %}
    from enrichments
    group by profile_id, source, provider, observed_at
),

statements as (
    select
        profile_id,
        source,
        record_id,
        {{ cdp_party('source') }} as party,
        cast(null as {{ cdp_type('text') }}) as provider,
        updated_at as observed_at,
        created_at
        {%- for name in names %},
        {{ name }}
        {%- endfor %}
    from people

    union all

    select
        profile_id,
        source,
        record_id,
        party,
        provider,
        observed_at,
        created_at
        {%- for name in names %},
        {{ name }}
        {%- endfor %}
    from told
)

select * from statements
