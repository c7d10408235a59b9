{#- An amount in a currency's smallest unit (cents) as an amount in the currency. The
    currencies without a smaller unit are those of Stripe's list. -#}
{% macro cdp_major_units(amount, currency) -%}
    case
        when lower({{ currency }}) in (
            'bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'ugx',
            'vnd', 'vuv', 'xaf', 'xof', 'xpf'
        ) then {{ amount }}
        else {{ amount }} / 100.0
    end
{%- endmacro %}
