{#- The 'first' or the 'last' name in a column that holds both: "Ann Lee", "Lee, Ann".
    One word alone is a first name; an email address is no name. -#}
{% macro cdp_name_part(column, part) -%}
    nullif(trim(case
        when {{ column }} like '%@%' then null
        {%- if part == 'first' %}
        when {{ column }} like '%,%' then {{ dbt.split_part(column, "','", 2) }}
        else {{ dbt.split_part('trim(' ~ column ~ ')', "' '", 1) }}
        {%- else %}
        when {{ column }} like '%,%' then {{ dbt.split_part(column, "','", 1) }}
        when trim({{ column }}) like '% %'
            then regexp_replace(trim({{ column }}), '^[^ ]+ +', '')
        {%- endif %}
    end), '')
{%- endmacro %}
