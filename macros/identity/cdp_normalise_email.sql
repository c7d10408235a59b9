{#- An email address as identity compares it: Unicode NFKC, trimmed, lower case; the
    plus-tag stays. Null when it is no address. -#}
{% macro cdp_normalise_email(column) -%}
    {%- set address = "lower(trim(" ~ cdp_nfkc(column) ~ "))" -%}
    case
        when {{ cdp_matches(address, '^[^@\\s,;<>]+@[^@\\s,;<>.]+([.][^@\\s,;<>.]+)+$') }}
            and length({{ address }}) <= 254
            then {{ address }}
    end
{%- endmacro %}
