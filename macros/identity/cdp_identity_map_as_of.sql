{#- The identity map as it stood at a time in the past: source, record_id, profile_id,
    is_person, linked_by. `moment` is a date, whose end is meant, or a timestamp (UTC),
    written as in '2018-01-01' or '2018-01-01 06:00:00'. Before the first run it is empty. -#}
{% macro cdp_identity_map_as_of(moment) -%}
    {%- set is_date = modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}', moment | string) -%}
    {%- set instant = 'cast(' ~ dbt.string_literal(moment | string) ~ ' as '
        ~ dbt.type_timestamp() ~ ')' -%}
    with versions as (
        select
            *,
            row_number() over (
                partition by source, record_id order by version desc
            ) as age
        from {{ ref('cdp', 'idg_record_profiles') }}
        where changed_at
            {%- if is_date %} < {{ dbt.dateadd('day', 1, instant) }}
            {%- else %} <= {{ instant }}
            {%- endif %}
    )

    select
        source,
        record_id,
        profile_id,
        is_person,
        linked_by
    from versions
    where age = 1 and is_mapped
{%- endmacro %}
