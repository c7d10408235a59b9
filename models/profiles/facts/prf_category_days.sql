-- One row per (profile_id, category, activity_date): how often somebody looked at a
-- category and what she bought there. Facts of a day do not age.

with views as (
    select * from {{ cdp_of_profiles(ref('prf_product_views')) }}
),

lines as (
    select * from {{ cdp_of_profiles(ref('prf_order_lines')) }}
),

activity as (
    select
        profile_id,
        category,
        view_date as activity_date,
        views,
        0 as lines_bought,
        0 as revenue
    from views
    where category is not null

    union all

    select
        profile_id,
        category,
        order_date as activity_date,
        0 as views,
        1 as lines_bought,
        coalesce(total_reporting, 0) as revenue
    from lines
    where not is_cancelled and category is not null
),

days as (
    select
        profile_id,
        category,
        activity_date,
        cast(sum(views) as {{ cdp_type('integer') }}) as views,
        cast(sum(lines_bought) as {{ cdp_type('integer') }}) as lines_bought,
        sum(revenue) as revenue
    from activity
    group by profile_id, category, activity_date
)

select * from days
