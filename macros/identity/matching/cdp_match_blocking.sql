{#- What two people must have in common to be compared at all: rule -> expressions over
    idg_match_people, of which none may be null. Each rule is there for the records on
    which the others fail: one slip, a missing column or a new address. -#}
{% macro cdp_match_blocking() -%}
    {%- set year = 'left(birth_digits, 4)' -%}
    {{ return({
        'email': ['email'],
        'email_local': ['email_local'],
        'phone': ['phone'],
        'names': ['least(first_name, last_name)', 'greatest(first_name, last_name)'],
        'birth_date': ['birth_digits'],
        'street': ['address_line1'],
        'area_and_first_name': ['postal_code', 'left(first_name, 2)'],
        'area_and_last_name': ['postal_code', 'left(last_name, 2)'],
        'last_name_and_year': ['last_name', year],
        'first_name_and_year': ['first_name', year],
        'last_name_and_city': ['last_name', 'city'],
        'first_name_and_city': ['first_name', 'city'],
        'name_beginnings': ['left(first_name, 3)', 'left(last_name, 3)'],
    }) }}
{%- endmacro %}
