-- One row per currency and span of days in which a rate holds: from its day to the next
-- day with a rate, the last one for ever. Feeds the amounts in the reporting currency.

with fx_rates as (
    select * from {{ ref('inp_fx_rates') }}
    where rate_date is not null and rate is not null
),

ranked as (
    select
        upper(currency) as currency,
        rate_date,
        rate,
        row_number() over (
            partition by upper(currency), rate_date
            order by updated_at desc nulls last, source, record_id
        ) as position
    from fx_rates
    where not coalesce(is_deleted, false)
),

rates as (
    select
        currency,
        rate_date as valid_from,
        coalesce(
            lead(rate_date) over (partition by currency order by rate_date),
            cast('9999-12-31' as date)
        ) as valid_to,
        rate
    from ranked
    where position = 1
)

select * from rates
