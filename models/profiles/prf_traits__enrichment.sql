-- One row per profile_id of whom a provider tells: the latest word on each attribute,
-- whoever's it is, while the licence lasts.

with enrichments as (
    select * from {{ ref('cdp_enrichments') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id, attribute
            order by observed_at desc, provider
        ) as position
    from enrichments
),

final as (
    select
        profile_id,
        {%- for attribute in ['home_owner', 'income_band', 'interest'] %}
        max(case when attribute = '{{ attribute }}' and position = 1 then value end)
            as enriched_{{ attribute }},
        {%- endfor %}
        count(distinct provider) as enrichment_providers,
        min(expires_at) as enrichment_expires_at
    from ranked
    group by profile_id
)

select * from final
