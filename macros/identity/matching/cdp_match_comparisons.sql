{#- The comparisons of two people, `one` and `other` (rows of idg_match_people), and what
    each may find. Their SQL stands nowhere else: training and scoring read the tables
    that it makes.

    comparison -> {
        column: whose values are weighed by how rare they are (null: by the level alone),
        even_if_missing: a level that holds where one of the two has no value,
        unless: when the comparison says nothing, besides a missing value,
        levels: {level: condition}, the closest first; what meets none is `different`,
    } -#}
{% macro cdp_match_comparisons() -%}
    {%- set swapped -%}
        (one.first_name = other.last_name and coalesce(one.last_name = other.first_name, true))
        or (one.last_name = other.first_name and coalesce(one.first_name = other.last_name, true))
    {%- endset -%}
    {%- set same_street -%}
        coalesce({{ cdp_is_two_slips('one.address_line1', 'other.address_line1') }}, false)
    {%- endset -%}
    {{ return({
        'first_name': {'column': 'first_name', 'even_if_missing': 'swapped', 'levels': {
            'exact': 'one.first_name = other.first_name',
            'swapped': swapped,
            'slip': cdp_is_one_slip('one.first_name', 'other.first_name'),
            'nickname': "position('|' || other.first_name || '|' in one.name_variants) > 0",
            'slips': cdp_is_two_slips_of_five('first_name'),
            'initial': cdp_is_initial('first_name'),
        }},
        'last_name': {'column': 'last_name', 'unless': swapped, 'levels': {
            'exact': 'one.last_name = other.last_name',
            'slip': cdp_is_one_slip('one.last_name', 'other.last_name'),
            'slips': cdp_is_two_slips_of_five('last_name'),
        }},
        'birth_date': {'column': 'birth_digits', 'levels': {
            'exact': 'one.birth_digits = other.birth_digits',
            'slip': cdp_is_one_slip('one.birth_digits', 'other.birth_digits')
                ~ ' or ' ~ cdp_is_day_for_month(),
            'near': cdp_is_two_slips('one.birth_digits', 'other.birth_digits')
                ~ ' or ' ~ cdp_is_within_days('birth_date', 31),
        }},
        'email': {'column': 'email', 'levels': {
            'exact': 'one.email = other.email',
            'local_part': 'one.email_local = other.email_local',
            'slips': cdp_is_two_slips('one.email_local', 'other.email_local'),
        }},
        'phone': {'column': 'phone', 'levels': {
            'exact': 'one.phone = other.phone',
            'slip': cdp_is_one_slip('one.phone', 'other.phone'),
        }},
        'address_line1': {'column': 'address_line1', 'levels': {
            'exact': 'one.address_line1 = other.address_line1',
            'slips': cdp_is_two_slips('one.address_line1', 'other.address_line1'),
            'words': cdp_common_words('one.address_line1', 'other.address_line1') ~ ' >= 2',
        }},
        'city': {
            'column': 'city',
            'unless': same_street ~ ' and ' ~ cdp_is_two_slips('one.city', 'other.city'),
            'levels': {
                'exact': 'one.city = other.city',
                'slips': cdp_is_two_slips_of_five('city'),
            },
        },
        'postal_code': {
            'column': 'postal_code',
            'unless': same_street ~ ' and '
                ~ cdp_is_two_slips('one.postal_code', 'other.postal_code'),
            'levels': {
                'exact': 'one.postal_code = other.postal_code',
                'slip': cdp_is_one_slip('one.postal_code', 'other.postal_code'),
                'area': 'length(one.postal_code) >= 5'
                    ~ ' and left(one.postal_code, 3) = left(other.postal_code, 3)',
            },
        },
        'job_title': {'column': 'job_title', 'levels': {
            'exact': 'one.job_title = other.job_title',
        }},
        'gender': {'levels': {'exact': 'one.gender = other.gender'}},
    }) }}
{%- endmacro %}

{#- Short words are two slips from half of all others. -#}
{% macro cdp_is_two_slips_of_five(column) -%}
    greatest(length(one.{{ column }}), length(other.{{ column }})) >= 5
    and {{ cdp_is_two_slips('one.' ~ column, 'other.' ~ column) }}
{%- endmacro %}

{% macro cdp_is_initial(column) -%}
    least(length(one.{{ column }}), length(other.{{ column }})) = 1
    and left(one.{{ column }}, 1) = left(other.{{ column }}, 1)
{%- endmacro %}

{% macro cdp_is_day_for_month() -%}
    left(one.birth_digits, 4) = left(other.birth_digits, 4)
    and right(one.birth_digits, 2) = substr(other.birth_digits, 5, 2)
    and right(other.birth_digits, 2) = substr(one.birth_digits, 5, 2)
{%- endmacro %}

{% macro cdp_is_within_days(column, days) -%}
    abs({{ dbt.datediff('one.' ~ column, 'other.' ~ column, 'day') }}) <= {{ days }}
{%- endmacro %}
