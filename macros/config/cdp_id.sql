{#- A record_id made of several columns, as text joined by colons; a null part is empty. -#}
{% macro cdp_id() -%}
    {%- set parts = [] -%}
    {%- for column in varargs -%}
        {%- do parts.append(
            "coalesce(cast(" ~ column ~ " as " ~ cdp.cdp_type('text') ~ "), '')"
        ) -%}
    {%- endfor -%}
    {{ parts | join(" || ':' || ") }}
{%- endmacro %}
