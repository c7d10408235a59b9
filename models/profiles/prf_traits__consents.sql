-- One row per profile_id with a consent on record: may we, by purpose. A purpose that
-- was granted on one channel and refused on another counts as refused here;
-- cdp_consents has the channels.

with consents as (
    select * from {{ ref('cdp_consents') }}
),

flags as (
    select
        profile_id,
        {%- for purpose in
            ['marketing_email', 'marketing_sms', 'marketing_push', 'advertising'] %}
        coalesce(
            min(
                case
                    when purpose <> '{{ purpose }}' then null
                    when status = 'granted' then 1
                    else 0
                end
            ),
            0
        ) = 1 as has_{{ purpose }}_consent,
        {%- endfor %}
        count(
            case when purpose = 'sales_outreach' and status <> 'granted' then 1 end
        ) > 0 as has_objected_to_sales_outreach,
        max(since) as last_consent_change_at
    from consents
    group by profile_id
)

select * from flags
