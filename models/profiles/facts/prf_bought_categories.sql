-- One row per (profile_id, category): what somebody bought in a category. Rank 1 is her
-- favourite.

with lines as (
    select * from {{ cdp_of_profiles(ref('prf_order_lines')) }}
    where not is_cancelled and category is not null
),

categories as (
    select
        profile_id,
        category,
        count(*) as lines_bought,
        sum(coalesce(total_reporting, 0)) as revenue
    from lines
    group by profile_id, category
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id
            order by revenue desc, lines_bought desc, category
        ) as category_rank
    from categories
)

select * from ranked
