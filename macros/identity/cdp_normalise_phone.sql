{#- A phone number as E.164, null when it is too short or too long to be one. `country`
    is the alias of a joined row of cdp_countries: where the record lives, so that a
    number without its country code is read as people there write it. -#}
{% macro cdp_normalise_phone(column, country) -%}
    {%- set written = "regexp_replace(lower(trim(" ~ column ~ ")), '(ext|x|#|;).*$', '')" -%}
    {%- set digits = "regexp_replace(replace(" ~ written ~ ", '(0)', ''), '[^0-9]', '', 'g')" -%}
    {%- set code = country ~ '.calling_code' -%}
    {%- set trunk = "coalesce(" ~ country ~ ".trunk_prefix, '')" -%}
    {%- set longest = country ~ '.max_length' -%}
    {%- set shortest = country ~ '.min_length' -%}
    {%- set bare = "substr(" ~ digits ~ ", length(" ~ trunk ~ ") + 1)" -%}
    {%- set after_code = "substr(" ~ digits ~ ", length(" ~ code ~ ") + 1)" -%}
    case
        when {{ cdp_matches(written, '^[+]') }} then {{ cdp_phone_if(digits, 8, 15, "''") }}
        when {{ digits }} like '00%'
            then {{ cdp_phone_if("substr(" ~ digits ~ ", 3)", 8, 15, "''") }}
        when {{ code }} = '1' and {{ digits }} like '011%'
            then {{ cdp_phone_if("substr(" ~ digits ~ ", 4)", 8, 15, "''") }}
        when length({{ trunk }}) > 0 and {{ digits }} like {{ trunk }} || '%'
            and length({{ digits }}) > {{ shortest }}
            then {{ cdp_phone_if(bare, shortest, longest, code) }}
        when length({{ digits }}) > {{ longest }} and {{ digits }} like {{ code }} || '%'
            then {{ cdp_phone_if(after_code, shortest, longest, code) }}
        else {{ cdp_phone_if(digits, shortest, longest, code) }}
    end
{%- endmacro %}

{% macro cdp_phone_if(digits, shortest, longest, code) -%}
    case
        when length({{ digits }}) between {{ shortest }} and {{ longest }}
            and {{ code }} || {{ digits }} not like '0%'
            then '+' || {{ code }} || {{ digits }}
    end
{%- endmacro %}
