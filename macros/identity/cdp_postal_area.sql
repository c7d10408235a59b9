{#- Where a street is: the folded postal code, of a US one its first five digits, else the
    folded city. -#}
{% macro cdp_postal_area(postal_code, city) -%}
    coalesce(
        case
            when {{ cdp_matches(postal_code, '^[0-9]{5} [0-9]{4}$') }}
                then left({{ postal_code }}, 5)
            else {{ postal_code }}
        end,
        {{ city }}
    )
{%- endmacro %}
