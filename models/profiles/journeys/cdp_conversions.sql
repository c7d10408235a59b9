-- One row per conversion_id: what it was worth, by which channels the person came to
-- it, and how long that took.

{{ config(schema=none, access='public') }}

with touches as (
    select * from {{ cdp_of_profiles(ref('cdp_attribution')) }}
),

conversions as (
    select
        conversion_id,
        min(conversion) as conversion,
        min(contract) as contract,
        min(profile_id) as profile_id,
        min(converted_at) as converted_at,
        min(amount) as amount,
        min(currency) as currency,
        min(amount_reporting) as amount_reporting,
        count(case when channel <> 'direct' then 1 end) as touches,
        min(touched_at) as first_touched_at,
        max(days_to_conversion) as days_to_conversion,
        max(case when credit_first = 1 then channel end) as first_channel,
        max(case when credit_last = 1 then channel end) as last_channel,
        {{ dbt.listagg('channel', "' > '", 'order by touch_number') }} as channel_path
    from touches
    group by conversion_id
)

select * from conversions
