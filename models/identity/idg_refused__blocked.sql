-- One row per (identifier_type, identifier_value) that the seed of blocked values
-- names: placeholders, test data, role inboxes. Feeds idg_refused. Literals meet by
-- equality; only the few patterns of a type are tried one by one.

{%- set scoped = [''] %}
{%- for type, settings in var('cdp_identifier_types').items()
    if settings.scope == 'source' %}{% do scoped.append(type) %}{% endfor %}

with identifiers as (
    select * from {{ ref('idg_identifiers') }}
),

blocked as (
    select * from {{ cdp_reference('blocked_values') }}
),

identifier_values as (
    select distinct
        identifier_type,
        identifier_value,
        lower(case
            when identifier_type in ('{{ scoped | join("', '") }}')
                then regexp_replace(identifier_value, '^[^:]*:', '')
            else identifier_value
        end) as bare_value
    from identifiers
    where identifier_type <> 'record'
),

types as (
    select distinct identifier_type from identifier_values
),

blocked_by_type as (
    select
        types.identifier_type,
        blocked.match_kind,
        -- dbt reads the word null in a seed as no value at all, on some warehouses.
        coalesce(blocked.value, 'null') as value,
        blocked.why
    from types
    inner join blocked
        on blocked.identifier_type in (types.identifier_type, '*')
),

matches as (
    {%- for kind, condition in {
        'literal': "identifier_values.bare_value = blocked_by_type.value",
        'local_part': "split_part(split_part(identifier_values.bare_value, '@', 1), '+', 1)"
            ~ " = blocked_by_type.value",
        'like': "identifier_values.bare_value like blocked_by_type.value",
        'repeated': "replace(replace(identifier_values.bare_value, '-', ''), "
            ~ "blocked_by_type.value, '') = ''",
    }.items() %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        identifier_values.identifier_type,
        identifier_values.identifier_value,
        blocked_by_type.why
    from identifier_values
    inner join blocked_by_type
        on identifier_values.identifier_type = blocked_by_type.identifier_type
        and blocked_by_type.match_kind = '{{ kind }}'
        and {{ condition }}
    {%- endfor %}
)

select
    identifier_type,
    identifier_value,
    'blocked_value: ' || min(why) as rule
from matches
group by identifier_type, identifier_value
