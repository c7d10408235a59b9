{#- The 'first' or the 'last' name in a column that holds both: "Ann Lee", "Lee, Ann",
    "Dr. Ann B. Lee, PhD". One word alone is a first name; an email address is no name. -#}
{% macro cdp_name_part(column, part) -%}
    {%- set name = cdp.cdp_bare_name(column) -%}
    nullif(trim(case
        when {{ column }} like '%@%' then null
        {%- if part == 'first' %}
        when {{ name }} like '%,%' then {{ dbt.split_part(name, "','", 2) }}
        else {{ dbt.split_part(name, "' '", 1) }}
        {%- else %}
        when {{ name }} like '%,%' then {{ dbt.split_part(name, "','", 1) }}
        when {{ name }} like '% %'
            then regexp_replace({{ name }}, '^[^ ]+ +([a-z][.]? +)*', '', 'i')
        {%- endif %}
    end), '')
{%- endmacro %}

{#- A name without titles and degrees; "Lee, Jr." has no comma. -#}
{% macro cdp_bare_name(column) -%}
    {%- set untitled -%}
        regexp_replace({{ column }}, '(^|,) *(({{ cdp.cdp_titles() }})[. ]+)+', '\1', 'i')
    {%- endset -%}
    {%- set degreeless -%}
        regexp_replace({{ untitled }}, '([ ,]+({{ cdp.cdp_degrees() }}))+[. ]*$', '', 'i')
    {%- endset -%}
    trim(regexp_replace({{ degreeless }}, ', *(jr|sr|ii|iii|iv)[. ]*$', ' \1', 'i'))
{%- endmacro %}

{#- What may stand before or after a name, as alternatives of a regular expression. A
    generation stays: Lee Jr. is not Lee. -#}
{% macro cdp_titles() -%}
    mr|mrs|ms|miss|mx|dr|doctor|prof|professor|rev|sir|herr|frau|mme
{%- endmacro %}

{% macro cdp_degrees() -%}
    ph[. ]*d|m[. ]*d|dds|esq|cpa|mba
{%- endmacro %}
