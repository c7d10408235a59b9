-- One row per profile_id with a favourite category: what other buyers of it buy as well
-- and she never did, and its best-selling product. Counts people, not baskets: order
-- lines may be a sample.

with bought as (
    select * from {{ ref('prf_bought_categories') }}
),

favourites as (
    select
        profile_id,
        category as favourite_category
    from bought
    where category_rank = 1
),

best_sellers as (
    select * from {{ ref('prf_best_sellers') }}
),

buyers as (
    select
        category,
        count(*) as buyers
    from bought
    group by category
),

complements as (
    select
        favourites.favourite_category,
        bought.category as complement_category,
        count(*) as buyers_of_both
    from favourites
    inner join bought on favourites.profile_id = bought.profile_id
    where favourites.favourite_category <> bought.category
    group by favourites.favourite_category, bought.category
),

-- How much more often than anybody: else the category that all buy complements
-- everything.
ranked_complements as (
    select
        complements.favourite_category,
        complements.complement_category,
        row_number() over (
            partition by complements.favourite_category
            order by
                complements.buyers_of_both
                / cast(buyers.buyers + 10 as {{ cdp_type('float') }}) desc,
                complements.complement_category
        ) as position
    from complements
    inner join buyers on complements.complement_category = buyers.category
),

not_yet_bought as (
    select
        favourites.profile_id,
        ranked_complements.complement_category,
        row_number() over (
            partition by favourites.profile_id
            order by ranked_complements.position
        ) as position
    from favourites
    inner join ranked_complements
        on
            favourites.favourite_category = ranked_complements.favourite_category
            and ranked_complements.position <= 5
    left join bought
        on
            favourites.profile_id = bought.profile_id
            and ranked_complements.complement_category = bought.category
    where bought.profile_id is null
),

final as (
    select
        not_yet_bought.profile_id,
        not_yet_bought.complement_category,
        best_sellers.product_id as complement_product_id,
        best_sellers.product_name as complement_product_name
    from not_yet_bought
    left join best_sellers
        on not_yet_bought.complement_category = best_sellers.category
    where not_yet_bought.position = 1
)

select * from final
