{#- The id that an ad network puts into the address of its click, and which one: gclid,
    fbclid, msclkid, ttclid; null for a click that nobody paid for. -#}
{% macro cdp_click_id(url) -%}
    case
        {%- for name in cdp.cdp_click_id_types() %}
        when {{ cdp.cdp_has_parameter(url, name) }}
            then nullif({{ cdp.cdp_url_parameter(url, name) }}, '')
        {%- endfor %}
    end
{%- endmacro %}

{% macro cdp_click_id_type(url) -%}
    case
        {%- for name in cdp.cdp_click_id_types() %}
        when {{ cdp.cdp_has_parameter(url, name) }} then '{{ name }}'
        {%- endfor %}
    end
{%- endmacro %}

{% macro cdp_click_id_types() -%}
    {{ return(['gclid', 'fbclid', 'msclkid', 'ttclid']) }}
{%- endmacro %}

{% macro cdp_has_parameter(url, name) -%}
    ({{ url }} like '%?{{ name }}=_%' or {{ url }} like '%&{{ name }}=_%')
{%- endmacro %}

{% macro cdp_url_parameter(url, name) -%}
    {%- set after -%}
        split_part(replace({{ url }}, '?{{ name }}=', '&{{ name }}='), '&{{ name }}=', 2)
    {%- endset -%}
    split_part(split_part({{ after }}, '&', 1), '#', 1)
{%- endmacro %}
