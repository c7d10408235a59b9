-- One row per behavioural event, whatever the source, in one vocabulary of names.

{%- set columns = cdp_input_columns('events').keys()
    | reject('in', ['event_name', 'row_hash']) %}

with events as (
    {{ cdp_union('events') }}
),

event_names as (
    select * from {{ cdp_reference('event_names') }}
),

snake_case as (
    select
        *,
        replace(replace(lower(trim(event_name)), ' ', '_'), '-', '_') as raw_name
    from events
),

named as (
    select
        {%- for name in columns %}
        snake_case.{{ name }},
        {%- endfor %}
        coalesce(event_names.event_name, snake_case.raw_name) as event_name,
        {{ cdp_row_hash(['snake_case.row_hash', 'event_names.event_name']) }}
            as row_hash
    from snake_case
    left join event_names on snake_case.raw_name = event_names.raw_name
)

select * from named
