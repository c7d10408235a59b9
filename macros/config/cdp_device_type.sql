{#- desktop, mobile or tablet by a browser's user agent; null where it sent none. -#}
{% macro cdp_device_type(user_agent) -%}
    case
        when {{ user_agent }} like '%iPad%' or {{ user_agent }} like '%Tablet%' then 'tablet'
        when {{ user_agent }} like '%Mobi%' then 'mobile'
        when {{ user_agent }} is not null then 'desktop'
    end
{%- endmacro %}
