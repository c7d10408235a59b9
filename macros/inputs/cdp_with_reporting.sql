{#- A stream with one of its amounts in the reporting currency besides, as
    <amount>_reporting: at the latest rate on or before the day of `day`, to four decimals;
    null where no rate is known. A row that names no currency is in the reporting one. An
    amount below zero is no amount, and `has_negative_amount` says so, unless it may be
    negative: an order's line may be a discount. -#}
{% macro cdp_with_reporting(contract, amount, day, may_be_negative=false) -%}
{%- set stated = contract ~ "." ~ amount -%}
{%- set accepted = stated if may_be_negative
    else "case when " ~ stated ~ " >= 0 then " ~ stated ~ " end" -%}
{%- set currency = "upper(" ~ contract ~ ".currency)" -%}
{%- set date = "cast(" ~ contract ~ "." ~ day ~ " as date)" -%}
{%- set replaced = {
    amount: accepted,
    'row_hash': cdp_row_hash([contract ~ '.row_hash', 'rates.rate']),
} -%}
select
    {%- for name in cdp_input_columns(contract) %}
    {{ replaced.get(name, contract ~ "." ~ name) }} as {{ name }},
    {%- endfor %}
    {%- if not may_be_negative %}
    coalesce({{ stated }} < 0, false) as has_negative_amount,
    {%- endif %}
    {{ cdp_in_reporting(accepted, currency, 'rates.rate') }} as {{ amount }}_reporting
from {{ contract }}
left join {{ ref('inp_reporting_rates') }} as rates
    on {{ currency }} = rates.currency
    and {{ date }} >= rates.valid_from
    and {{ date }} < rates.valid_to
{%- endmacro %}

{#- An amount in the reporting currency, at `rate`; null where that is null and needed. -#}
{% macro cdp_in_reporting(amount, currency, rate) -%}
    cast(
        case
            when coalesce({{ currency }}, '{{ var("cdp_reporting_currency") }}')
                = '{{ var("cdp_reporting_currency") }}' then {{ amount }}
            else round(
                cast(({{ amount }}) * {{ rate }} as {{ cdp_type('numeric') }}), 4
            )
        end as {{ cdp_type('numeric') }}
    )
{%- endmacro %}
