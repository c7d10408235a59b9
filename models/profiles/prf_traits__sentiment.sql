-- One row per profile_id that wrote to us words that tell how she feels.

with sentiments as (
    select
        *,
        {{ cdp_days_since(cdp_date('written_at')) }} as days_ago,
        case when sentiment < 0 then 1 else 0 end as negative_texts,
        row_number() over (
            partition by profile_id
            order by written_at desc, contract, source, record_id
        ) as position
    from {{ ref('prf_sentiments') }}
    where sentiment is not null
),

final as (
    select
        profile_id,
        avg(case when days_ago < 365 then sentiment end) as sentiment_last_365_days,
        {{ cdp_over_windows('negative_texts', 'negative_texts', [90]) }},
        max(
            case
                when position > 1 then null
                when sentiment > 0 then 'positive'
                when sentiment < 0 then 'negative'
                else 'neutral'
            end
        ) as last_sentiment,
        max(written_at) as last_sentiment_at
    from sentiments
    group by profile_id
)

select * from final
