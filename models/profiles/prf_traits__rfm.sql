-- One row per profile_id that ordered: recency, frequency and monetary scores of today.

with snapshots as (
    select * from {{ ref('prf_rfm_snapshots') }}
)

select
    profile_id,
    rfm_recency,
    rfm_frequency,
    rfm_monetary,
    rfm_segment
from snapshots
where as_of_date = {{ cdp_today() }}
