{#- A stream with one of its amounts in the reporting currency besides, as
    <amount>_reporting: at the latest rate on or before the day of `day`; null where no
    rate is known. -#}
{% macro cdp_with_reporting(relation, amount, day) -%}
{%- set currency = "upper(" ~ relation ~ ".currency)" -%}
{%- set date = "cast(" ~ relation ~ "." ~ day ~ " as date)" -%}
select
    {{ relation }}.*,
    cast(
        case
            when {{ currency }} = '{{ var("cdp_reporting_currency") }}'
                then {{ relation }}.{{ amount }}
            else {{ relation }}.{{ amount }} * rates.rate
        end as {{ cdp_type('numeric') }}
    ) as {{ amount }}_reporting
from {{ relation }}
left join {{ ref('inp_reporting_rates') }} as rates
    on {{ currency }} = rates.currency
    and {{ date }} >= rates.valid_from
    and {{ date }} < rates.valid_to
{%- endmacro %}
