-- One row per profile_id that a campaign or an ad brought: the first and the last
-- touch, and the networks' ids of the last clicks. A touch is an event with a utm
-- parameter or a click id.

with identity_map as (
    select * from {{ cdp_of_profiles(ref('cdp_identity_map')) }}
),

arrivals as (
    select * from {{ cdp_of_identities(ref('prf_arrivals')) }}
    where utm_source is not null or click_id is not null
),

arrivals_of_profiles as (
    select
        identity_map.profile_id,
        arrivals.*
    from arrivals
    inner join identity_map
        on
            arrivals.source = identity_map.source
            and arrivals.identity_key = identity_map.record_id
),

touches as (
    select
        *,
        {{ cdp_days_since('activity_date') }} as days_ago,
        case when click_id is null then 0 else 1 end as ad_clicks,
        row_number() over (
            partition by profile_id
            order by occurred_at, source, record_id
        ) as first_position,
        row_number() over (
            partition by profile_id
            order by occurred_at desc, source, record_id
        ) as last_position,
        row_number() over (
            partition by profile_id, click_id_type
            order by occurred_at desc, source, record_id
        ) as last_position_of_type
    from arrivals_of_profiles
),

final as (
    select
        profile_id,
        {%- for touch in ['first', 'last'] %}
        {%- for name, column in {
            'at': 'occurred_at', 'source': 'utm_source', 'medium': 'utm_medium',
            'campaign': 'utm_campaign', 'click_id_type': 'click_id_type',
        }.items() %}
        max(case when {{ touch }}_position = 1 then {{ column }} end)
            as {{ touch }}_touch_{{ name }},
        {%- endfor %}
        {%- endfor %}
        {{ cdp_over_windows('ad_clicks', 'ad_clicks', [30, 90]) }},
        {%- for type in cdp_click_id_types() %}
        max(
            case
                when click_id_type = '{{ type }}' and last_position_of_type = 1
                    then click_id
            end
        ) as last_{{ type }},
        {%- endfor %}
        max(case when click_id is not null then occurred_at end) as last_ad_click_at
    from touches
    group by profile_id
)

select * from final
