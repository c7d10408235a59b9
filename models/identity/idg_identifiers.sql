-- One row per (source, record_id, identifier_type): what each record says who it is, in
-- the form in which identity compares it. Feeds idg_nodes, the refusals and idg_edges.
-- Every person record also names itself (type `record`), so that none is without
-- profile.

{%- set types = var('cdp_identifier_types') %}

with records as (
    select * from {{ ref('idg_records') }}
),

countries as (
    select * from {{ cdp_reference('countries') }}
),

sources as (
    select distinct source from records
),

identifiers as (
    select
        source,
        record_id,
        'record' as identifier_type,
        source || ':' || record_id as identifier_value,
        is_person,
        first_seen_at,
        last_seen_at
    from records
    where is_person
    {%- for type, settings in types.items() %}
    union all
    select
        records.source,
        records.record_id,
        '{{ type }}' as identifier_type,
        {{ cdp_normalise('records.' ~ type, settings) }} as identifier_value,
        records.is_person,
        records.first_seen_at,
        records.last_seen_at
    from records
    {%- if settings.kind == 'phone' %}
    left join countries
        on coalesce(upper(records.country_code), '{{ var("cdp_default_country") }}')
        = countries.country_code
    {%- elif settings.scope == 'source' %}
    left join sources on split_part(records.{{ type }}, ':', 1) = sources.source
    {%- endif %}
    where records.{{ type }} is not null
    {%- endfor %}
)

select * from identifiers where identifier_value is not null
