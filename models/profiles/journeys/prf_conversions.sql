-- One row per (conversion, contract, source, record_id): an interaction that the
-- control panel declares a conversion (`cdp_conversions`), with its amount in the
-- reporting currency.

{%- set conversions = cdp_conversions() %}

with timeline as (
    select * from {{ ref('cdp_timeline') }}
),

rates as (
    select * from {{ ref('inp_reporting_rates') }}
),

conversions as (
    {%- for name, settings in conversions.items() %}
    {%- if not loop.first %}

    union all
    {% endif %}
    select
        {{ dbt.string_literal(name) }} as conversion,
        {{ settings.window_days }} as window_days,
        {{ settings.half_life_days }} as half_life_days,
        timeline.*
    from timeline
    where
        kind = {{ dbt.string_literal(settings.kind) }}
        {%- if settings.contract %}
        and contract = {{ dbt.string_literal(settings.contract) }}
        {%- endif %}
    {%- else %}
    select
        cast(null as {{ cdp_type('text') }}) as conversion,
        1 as window_days,
        1 as half_life_days,
        *
    from timeline
    where false
    {%- endfor %}
),

final as (
    select
        conversions.*,
        {{ cdp_in_reporting(
            'conversions.amount', 'upper(conversions.currency)', 'rates.rate'
        ) }} as amount_reporting
    from conversions
    left join rates
        on
            upper(conversions.currency) = rates.currency
            and cast(conversions.occurred_at as date) >= rates.valid_from
            and cast(conversions.occurred_at as date) < rates.valid_to
)

select * from final
