-- One row per (segment, profile_id): who is in which listed segment now. Whom the
-- control panel excludes is in none but those that keep such people.

{{ config(schema='cdp_internal', materialized='view') }}

{%- set keep = cdp_segments() | selectattr('keeps_excluded') | map(attribute='name') %}

with pooled as (
    {%- for segment in cdp_segments() %}
    {%- if not loop.first %}

    union all
    {% endif %}
    select distinct
        '{{ segment.name }}' as segment,
        profile_id
    from {{ ref(segment.package, segment.name) }}
    where profile_id is not null
    {%- else %}
    select
        cast(null as {{ cdp_type('text') }}) as segment,
        cast(null as {{ cdp_type('text') }}) as profile_id
    where false
    {%- endfor %}
),

excluded as (
    select * from {{ ref('smb_exclusions') }}
),

members as (
    select
        segment,
        profile_id
    from pooled
    where
        segment in ('{{ keep | join("', '") }}')
        or profile_id not in (select excluded.profile_id from excluded)
)

select * from members
