-- One row per currency and day. Feeds the contract fx_rates.

{{ config(
    enabled=cdp_has_source('finance'),
    meta={'cdp_contract': 'fx_rates'},
) }}

with raw_rates as (
    {{ cdp_source('finance', 'fx_rates') }}
),

rates as (
    {{ cdp_latest('raw_rates', ['currency', 'rate_date'], []) }}
),

fx_rates as (
    select
        _source as source,
        _brand as brand,
        {{ cdp_id('upper(currency)', 'rate_date') }} as record_id,
        false as is_deleted,
        rate_date as updated_at,
        upper(currency) as currency,
        rate_date,
        rate
    from rates
)

{{ cdp_emit('fx_rates', 'fx_rates', ['updated_at', 'currency', 'rate_date', 'rate']) }}
