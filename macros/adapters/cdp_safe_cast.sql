{#- `column` (of the warehouse type `from_type`; none: unknown) as a contract type. Text
    is trimmed and empty text is null; a value that cannot be cast is null; times with a
    zone become UTC. -#}
{% macro cdp_safe_cast(column, from_type, type) -%}
    {%- set from_type = (from_type or '') | lower -%}
    {%- if type == 'text' -%}
        {{ return(cdp.cdp_trimmed(column, from_type)) }}
    {%- elif type == 'timestamp' and ('with time zone' in from_type or from_type == 'timestamptz') -%}
        {{ return("(" ~ column ~ " at time zone 'UTC')") }}
    {%- endif -%}
    {{ return(adapter.dispatch('cdp_safe_cast', 'cdp')(column, from_type, type)) }}
{%- endmacro %}

{% macro cdp_trimmed(column, from_type) -%}
    {%- if cdp.cdp_is_text(from_type) or not from_type -%}
        nullif(trim(cast({{ column }} as {{ cdp.cdp_type('text') }})), '')
    {%- else -%}
        cast({{ column }} as {{ cdp.cdp_type('text') }})
    {%- endif -%}
{%- endmacro %}

{% macro cdp_is_text(from_type) -%}
    {{ return('char' in from_type or from_type in ('text', 'string')) }}
{%- endmacro %}

{% macro default__cdp_safe_cast(column, from_type, type) -%}
    try_cast({{ column }} as {{ cdp.cdp_type(type) }})
{%- endmacro %}

{#- DuckDB drops the zone of a text that it casts to a timestamp without one. -#}
{% macro duckdb__cdp_safe_cast(column, from_type, type) -%}
    {%- if cdp.cdp_is_text(from_type) and type == 'timestamp' -%}
        case
            when regexp_matches({{ column }}, ':\d\d(\.\d+)?\s?[+-]\d\d(:?\d\d)?\s*$')
                then try_cast({{ column }} as timestamptz) at time zone 'UTC'
            else try_cast({{ column }} as timestamp)
        end
    {%- else -%}
        {{ default__cdp_safe_cast(column, from_type, type) }}
    {%- endif -%}
{%- endmacro %}

{#- Postgres has no try_cast: text is cast only where a pattern proves that it can be. -#}
{% macro postgres__cdp_safe_cast(column, from_type, type) -%}
    {%- set patterns = cdp.cdp_postgres_patterns() -%}
    {%- if cdp.cdp_is_text(from_type) and type == 'timestamp' -%}
        case
            when {{ column }} ~ '{{ patterns.zoned }}'
                then cast({{ column }} as timestamptz) at time zone 'UTC'
            when {{ column }} ~ '{{ patterns.timestamp }}' then cast({{ column }} as timestamp)
        end
    {%- elif cdp.cdp_is_text(from_type) and type in patterns -%}
        case
            when {{ column }} ~* '{{ patterns[type] }}'
                then cast({{ column }} as {{ cdp.cdp_type(type) }})
        end
    {%- elif type == 'boolean' and from_type != 'boolean' and from_type -%}
        ({{ column }} <> 0)
    {%- else -%}
        cast({{ column }} as {{ cdp.cdp_type(type) }})
    {%- endif -%}
{%- endmacro %}

{#- What Postgres casts without an error: numbers in range, days that the calendar has. -#}
{% macro cdp_postgres_patterns() -%}
    {%- set day -%}
        (?!0000)(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|\d{4}-(0[13-9]|1[0-2])-(29|30)|\d{4}-(0[13578]|1[02])-31|(\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)
    {%- endset -%}
    {%- set clock = '([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d+)?)?' -%}
    {%- set zone = '\\s?(Z|UTC|[+-](0\\d|1[0-4])(:?[0-5]\\d)?)' -%}
    {{ return({
        'integer': '^\\s*[-+]?\\d{1,18}\\s*$',
        'numeric': '^\\s*[-+]?(\\d{1,21}\\.?\\d*|\\.\\d+|\\d{1,12}(\\.\\d*)?e[-+]?\\d)\\s*$',
        'float': '^\\s*[-+]?(\\d{1,21}\\.?\\d*|\\.\\d+)(e[-+]?\\d{1,2})?\\s*$',
        'boolean': '^\\s*(true|false|t|f|yes|no|y|n|on|off|1|0)\\s*$',
        'date': '^\\s*' ~ day ~ '([ T]' ~ clock ~ ')?\\s*$',
        'timestamp': '^\\s*' ~ day ~ '([ T]' ~ clock ~ ')?\\s*$',
        'zoned': '^\\s*' ~ day ~ '[ T]' ~ clock ~ zone ~ '\\s*$',
    }) }}
{%- endmacro %}
