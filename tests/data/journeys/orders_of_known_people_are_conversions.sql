-- Invariant: a conversion is on the timeline, and none of its kind is left out.

with expected as (
    {%- for name, settings in cdp_conversions().items() %}
    {%- if not loop.first %}

    union all
    {% endif %}
    select
        {{ dbt.string_literal(name) }} as conversion,
        count(*) as conversions
    from {{ ref('cdp_timeline') }}
    where
        kind = {{ dbt.string_literal(settings.kind) }}
        {%- if settings.contract %}
        and contract = {{ dbt.string_literal(settings.contract) }}
        {%- endif %}
    {%- endfor %}
),

found as (
    select
        conversion,
        count(*) as conversions
    from {{ ref('cdp_conversions') }}
    group by conversion
)

select
    expected.conversion,
    expected.conversions as expected,
    coalesce(found.conversions, 0) as found
from expected
left join found on expected.conversion = found.conversion
where expected.conversions <> coalesce(found.conversions, 0)
