{#- The incremental strategy `cdp_days`: days, or profiles, that have changed are replaced as
    a whole. The model selects all rows of such a day, or, for one that is now empty, one row
    without fingerprint; `unique_key` names what a day, or a profile, is. -#}
{% macro get_incremental_cdp_days_sql(arguments) -%}
    {%- set target, changed = arguments['target_relation'], arguments['temp_relation'] -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    delete from {{ target }}
    where exists (
        select 1
        from {{ changed }} as changed
        where
            {%- for name in arguments['unique_key'] %}
            {{ 'and ' if not loop.first }}changed.{{ name }} = {{ target }}.{{ name }}
            {%- endfor %}
    );
    insert into {{ target }} ({{ columns }})
    select {{ columns }}
    from {{ changed }}
    where fingerprint is not null
{%- endmacro %}
