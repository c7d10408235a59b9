-- One row per (conversion_id, touch_number): a touch that led to a conversion, and its
-- share of the credit by each model. The shares of a conversion add up to 1 in each;
-- one that nothing led to is `direct`.

{{ config(schema=none, access='public') }}

with conversions as (
    select * from {{ cdp_of_profiles(ref('prf_conversions')) }}
),

touches as (
    select * from {{ cdp_of_profiles(ref('prf_touches')) }}
),

matched as (
    select
        conversions.conversion,
        {{ dbt.hash(cdp_id(
            'conversions.conversion', 'conversions.contract', 'conversions.source',
            'conversions.record_id'
        )) }} as conversion_id,
        conversions.contract,
        conversions.profile_id,
        conversions.occurred_at as converted_at,
        conversions.currency,
        conversions.amount,
        conversions.amount_reporting,
        conversions.half_life_days,
        coalesce(touches.touched_at, conversions.occurred_at) as touched_at,
        coalesce(touches.channel, 'direct') as channel,
        touches.campaign,
        touches.source as touch_source,
        touches.record_id as touch_record_id
    from conversions
    left join touches
        on
            conversions.profile_id = touches.profile_id
            and conversions.occurred_at >= touches.touched_at
            and touches.touched_at
            >= {{ dbt.dateadd('day', '-window_days', 'conversions.occurred_at') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by conversion_id
            order by touched_at, channel, touch_source, touch_record_id
        ) as touch_number,
        count(*) over (partition by conversion_id) as touches,
        max(touched_at) over (partition by conversion_id) as last_touched_at
    from matched
),

weighed as (
    select
        *,
        power(
            cast(2 as {{ cdp_type('float') }}),
            -({{ dbt.datediff('touched_at', 'last_touched_at', 'second') }})
            / (86400.0 * half_life_days)
        ) as weight
    from numbered
),

credited as (
    select
        *,
        case when touch_number = 1 then 1.0 else 0.0 end as credit_first,
        case when touch_number = touches then 1.0 else 0.0 end as credit_last,
        1.0 / touches as credit_linear,
        weight / sum(weight) over (partition by conversion_id) as credit_time_decay,
        -- Two fifths each to the first and the last, the rest to those between.
        case
            when touches <= 2 then 1.0 / touches
            when touch_number in (1, touches) then 0.4
            else 0.2 / (touches - 2)
        end as credit_position
    from weighed
),

final as (
    select
        conversion_id,
        conversion,
        contract,
        profile_id,
        converted_at,
        amount,
        currency,
        amount_reporting,
        touch_number,
        touches,
        touched_at,
        channel,
        campaign,
        touch_source,
        touch_record_id,
        {%- for model in cdp_attribution_models() %}
        cast(credit_{{ model }} as {{ cdp_type('float') }}) as credit_{{ model }},
        {%- endfor %}
        cast(
            ({{ dbt.datediff('touched_at', 'converted_at', 'second') }}) / 86400.0
            as {{ cdp_type('float') }}
        ) as days_to_conversion
    from credited
)

select * from final
