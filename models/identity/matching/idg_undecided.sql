-- One row per (one_id, other_id), two clusters that stay apart though a pair of their
-- records is alike at even odds or better: the best such pair, and why it did not merge
-- them. Feeds cdp_identity_review.

{{ config(enabled=cdp_matches_people()) }}

with links as (
    select * from {{ ref('idg_match_links') }}
),

clusters as (
    select * from {{ ref('idg_clusters') }}
),

nodes as (
    select * from {{ ref('idg_node_clusters') }}
),

weights as (
    select * from {{ ref('idg_match_weights') }}
    where weight >= 0 and not is_household
),

ranked_pairs as (
    select
        least(one.cluster_id, other.cluster_id) as one_id,
        greatest(one.cluster_id, other.cluster_id) as other_id,
        weights.one_id as one_node_id,
        weights.other_id as other_node_id,
        row_number() over (
            partition by
                least(one.cluster_id, other.cluster_id),
                greatest(one.cluster_id, other.cluster_id)
            order by weights.weight desc, weights.one_id, weights.other_id
        ) as place
    from weights
    inner join nodes as one on weights.one_id = one.node_id
    inner join nodes as other on weights.other_id = other.node_id
    where
        least(one.cluster_id, other.cluster_id)
        < greatest(one.cluster_id, other.cluster_id)
),

between_clusters as (
    select
        least(one.cluster_id, other.cluster_id) as one_id,
        greatest(one.cluster_id, other.cluster_id) as other_id,
        sum(links.amount) as pairs,
        sum(links.weight) as weight
    from links
    inner join clusters as one on links.one_id = one.component_id
    inner join clusters as other on links.other_id = other.component_id
    where
        least(one.cluster_id, other.cluster_id)
        < greatest(one.cluster_id, other.cluster_id)
    group by
        least(one.cluster_id, other.cluster_id),
        greatest(one.cluster_id, other.cluster_id)
),

holdings as (
    select
        clusters.cluster_id,
        links.held_type,
        links.most,
        sum(links.amount) as amount
    from links
    inner join clusters on links.one_id = clusters.component_id
    where links.one_id = links.other_id
    group by clusters.cluster_id, links.held_type, links.most
),

sizes as (
    select
        cluster_id,
        amount as records
    from holdings
    where held_type = 'record'
),

conflicts as (
    select
        ranked_pairs.one_id,
        ranked_pairs.other_id,
        min(one.held_type) as held_type,
        max(case when one.held_type like 'force_unlink: %' then 1 else 0 end)
            as is_decided
    from ranked_pairs
    inner join holdings as one on ranked_pairs.one_id = one.cluster_id
    inner join holdings as other
        on
            ranked_pairs.other_id = other.cluster_id
            and one.held_type = other.held_type
    where ranked_pairs.place = 1 and one.amount + other.amount > one.most
    group by ranked_pairs.one_id, ranked_pairs.other_id
)

select
    ranked_pairs.one_id,
    ranked_pairs.other_id,
    ranked_pairs.one_node_id,
    ranked_pairs.other_node_id,
    between_clusters.pairs,
    case
        when conflicts.held_type is not null
            then 'one person may not hold both: ' || conflicts.held_type
        when between_clusters.pairs = 0 then 'the evidence is weak'
        when between_clusters.weight <= 0 then 'more speaks against it than for it'
        when between_clusters.pairs < 0.67 * least(one.records, other.records)
            then 'too few of their records agree'
        else 'a record could as well be somebody else'
    end as reason
from ranked_pairs
inner join between_clusters
    on
        ranked_pairs.one_id = between_clusters.one_id
        and ranked_pairs.other_id = between_clusters.other_id
inner join sizes as one on ranked_pairs.one_id = one.cluster_id
inner join sizes as other on ranked_pairs.other_id = other.cluster_id
left join conflicts
    on
        ranked_pairs.one_id = conflicts.one_id
        and ranked_pairs.other_id = conflicts.other_id
where ranked_pairs.place = 1 and coalesce(conflicts.is_decided, 0) = 0
