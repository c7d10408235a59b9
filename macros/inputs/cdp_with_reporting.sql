{#- A stream with one of its amounts in the reporting currency besides, as
    <amount>_reporting: at the latest rate on or before the day of `day`, to four decimals;
    null where no rate is known. A row that names no currency is in the reporting one. -#}
{% macro cdp_with_reporting(relation, amount, day) -%}
{%- set amount_column = relation ~ "." ~ amount -%}
{%- set date = "cast(" ~ relation ~ "." ~ day ~ " as date)" -%}
select
    {{ relation }}.*,
    cast(
        case
            when coalesce(upper({{ relation }}.currency), '{{ var("cdp_reporting_currency") }}')
                = '{{ var("cdp_reporting_currency") }}' then {{ amount_column }}
            else round(cast({{ amount_column }} * rates.rate as {{ cdp_type('numeric') }}), 4)
        end as {{ cdp_type('numeric') }}
    ) as {{ amount }}_reporting
from {{ relation }}
left join {{ ref('inp_reporting_rates') }} as rates
    on upper({{ relation }}.currency) = rates.currency
    and {{ date }} >= rates.valid_from
    and {{ date }} < rates.valid_to
{%- endmacro %}
