{#- A stream of a contract whose country_code, as the sources write it (codes, names), is
    ISO 3166-1 alpha-2; a country that the seed cdp_country_names does not know keeps a
    code of two letters and loses all else. -#}
{% macro cdp_with_country(relation, contract) -%}
select
    {%- for name in cdp_input_columns(contract) if name not in ('country_code', 'row_hash') %}
    {{ relation }}.{{ name }},
    {%- endfor %}
    {{ cdp_row_hash([relation ~ '.row_hash', 'country_names.country_code']) }} as row_hash,
    coalesce(
        country_names.country_code,
        case
            when length({{ relation }}.country_code) = 2
                then upper({{ relation }}.country_code)
        end
    ) as country_code
from {{ relation }}
left join {{ cdp_reference('country_names') }} as country_names
    on {{ cdp_fold(relation ~ '.country_code') }} = country_names.name
{%- endmacro %}
