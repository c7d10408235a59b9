{#- What a point system gives to each row of `subjects`: one row per (key, rule) that is met,
    with its points and reason. A rule asks a column of `columns` ({name: type}) for a
    value; the columns are ours and the values are compared as values, so that nothing of
    a seed becomes SQL. Nulls meet no rule but `is_missing`. -#}
{% macro cdp_points(rules, subjects, key, columns) -%}
    select
        {{ key }},
        rule_id,
        points,
        reason
    from (
        select
            {{ subjects }}.{{ key }},
            rules.*,
            {{ cdp_safe_cast('rules.value', 'text', 'float') }} as number_asked,
            case rules.column_name
                when '' then cast(null as {{ cdp_type('float') }})
                {%- for name, type in columns.items() if type in cdp_number_types() %}
                when '{{ name }}' then cast({{ subjects }}.{{ name }} as {{ cdp_type('float') }})
                {%- endfor %}
            end as number_found,
            case rules.column_name
                when '' then cast(null as {{ cdp_type('text') }})
                {%- for name in columns %}
                when '{{ name }}' then lower(cast({{ subjects }}.{{ name }} as {{ cdp_type('text') }}))
                {%- endfor %}
            end as text_found
        from {{ subjects }}
        cross join {{ rules }} as rules
    ) as answers
    where
        case operator
            when 'at_least' then number_found >= number_asked
            when 'at_most' then number_found <= number_asked
            when 'equals' then number_found = number_asked or text_found = lower(value)
            when 'one_of' then position('|' || text_found || '|' in '|' || lower(value) || '|') > 0
            when 'contains' then position(lower(value) in text_found) > 0
            when 'is_known' then text_found is not null
            when 'is_missing' then text_found is null
        end
{%- endmacro %}

{% macro cdp_number_types() -%}
    {{ return(['integer', 'numeric', 'float']) }}
{%- endmacro %}

{#- ` (did you mean …?)` with up to three columns that begin alike, or nothing. -#}
{% macro cdp_columns_like(name, columns) -%}
    {%- set alike = [] -%}
    {%- for column in columns if column[:5] == name[:5] and alike | length < 3 -%}
        {%- do alike.append(column) -%}
    {%- endfor -%}
    {{ return(' (did you mean ' ~ alike | join(', ') ~ '?)' if alike else '') }}
{%- endmacro %}

{#- Before a point system is used: every rule of the seed must ask a column that there is,
    and a number where it compares numbers. -#}
{% macro cdp_check_points(seed, columns) -%}
    {%- if execute and flags.WHICH in ('run', 'build') and model.resource_type == 'model' -%}
        {%- set problems = [] -%}
        {%- set query -%}
            select rule_id, column_name, operator, {{ cdp_safe_cast('value', 'text', 'float') }}
            from {{ cdp_reference(seed) }} order by rule_id
        {%- endset -%}
        {%- for rule_id, column, operator, number in run_query(query).rows -%}
            {%- if column not in columns -%}
                {%- do problems.append(
                    rule_id ~ " asks for '" ~ column ~ "', which is no column it may ask for"
                    ~ cdp_columns_like(column, columns)
                ) -%}
            {%- elif operator in ('at_least', 'at_most') and (
                number is none or columns[column] not in cdp_number_types()
            ) -%}
                {%- do problems.append(
                    rule_id ~ " compares '" ~ column ~ "' as a number, and it or the value is none"
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if problems -%}
            {{ exceptions.raise_compiler_error(
                "The seed " ~ seed ~ " has " ~ problems | length ~ " rules that mean nothing: "
                ~ problems | join('; ') ~ ". Mend them, and build again."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
