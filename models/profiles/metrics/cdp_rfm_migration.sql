-- One row per (to_date, from_segment, to_segment): how customers moved between the
-- cells of the RFM map in the 90 days up to a date; today and each 90 days before, for
-- a year.

{{ config(schema=none, access='public') }}

with snapshots as (
    select * from {{ ref('prf_rfm_snapshots') }}
),

moves as (
    select
        now_then.as_of_date as to_date,
        -- Who was no customer 90 days before is one since.
        coalesce(before_then.rfm_segment, 'none') as from_segment,
        now_then.rfm_segment as to_segment,
        now_then.profile_id
    from snapshots as now_then
    left join snapshots as before_then
        on
            now_then.profile_id = before_then.profile_id
            and {{ cdp_days_since('before_then.as_of_date') }}
            = 90 + {{ cdp_days_since('now_then.as_of_date') }}
    where {{ cdp_days_since('now_then.as_of_date') }} < 360
)

select
    to_date,
    from_segment,
    to_segment,
    count(*) as customers,
    {{ cdp_ratio(
        'count(*)', 'sum(count(*)) over (partition by to_date, from_segment)'
    ) }} as share_of_from
from moves
group by to_date, from_segment, to_segment
