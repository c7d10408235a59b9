-- One row per profile_id that ordered: where she stands with us. Somebody without an
-- order is a prospect (see the column's default).
--   new       first order in the last 90 days
--   loyal     ordered in the last 90 days, and six times or more in the last year
--   active    ordered in the last 90 days
--   lapsing   last order 90 to 179 days ago
--   lapsed    last order 180 days ago or more

with customers as (
    select * from {{ ref('prf_traits__orders') }}
),

stages as (
    select
        profile_id,
        case
            when days_since_first_order < 90 then 'new'
            when days_since_last_order < 90 and orders_last_365_days >= 6 then 'loyal'
            when days_since_last_order < 90 then 'active'
            when days_since_last_order < 180 then 'lapsing'
            else 'lapsed'
        end as lifecycle_stage
    from customers
)

select * from stages
