-- One row per (source, record_id): a person record, or a distinct set of identifiers
-- that facts of one source carry. Fifty million events become their distinct sets here,
-- once. Feeds idg_identifiers.

{%- set types = var('cdp_identifier_types').keys() | list %}
{%- set facts = cdp_identity_contracts() | reject('equalto', 'people') | list %}

with people as (
    select
        source,
        identity_key as record_id,
        true as is_person,
        match_first_name as first_name,
        match_last_name as last_name,
        country_code,
        coalesce(created_at, updated_at) as first_seen_at,
        updated_at as last_seen_at,
        {{ types | join(',\n        ') }}
    from {{ ref('inp_people') }}
    where not coalesce(is_deleted, false)
),

facts as (
    {%- for contract in facts %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    {{ cdp_identity_sets(contract, ref('inp_' ~ contract)) }}
    {%- endfor %}
),

sets as (
    select
        source,
        record_id,
        false as is_person,
        cast(null as {{ cdp_type('text') }}) as first_name,
        cast(null as {{ cdp_type('text') }}) as last_name,
        min(country_code) as country_code,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        {%- for type in types %}
        min({{ type }}) as {{ type }}{{ ',' if not loop.last }}
        {%- endfor %}
    from facts
    group by source, record_id
)

select * from people
union all
select * from sets
