{#- A record's versions as stays: versions in a row that are alike in the columns of
    `state` are one stay. A row has the columns of the stay's last version, and
    `entered_at`, the `at` of its first. `at` is unique within a record. -#}
{% macro cdp_stays(relation, key, state, at) -%}
    {%- set record = '_source, ' ~ key -%}
    {%- set record_in_state = record ~ ', ' ~ state | join(', ') -%}
    select *
    from (
        select
            *,
            min({{ at }}) over (
                partition by {{ record_in_state }}, versions_elsewhere
            ) as entered_at,
            row_number() over (
                partition by {{ record_in_state }}, versions_elsewhere
                order by {{ at }} desc
            ) as version_rank
        from (
            -- Within one stay, no version of another state comes between.
            select
                *,
                row_number() over (partition by {{ record }} order by {{ at }})
                - row_number() over (
                    partition by {{ record_in_state }} order by {{ at }}
                ) as versions_elsewhere
            from {{ relation }}
        ) as versions
    ) as ranked_versions
    where version_rank = 1
{%- endmacro %}
