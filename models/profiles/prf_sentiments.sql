-- One row per text that a person wrote: the subject of a ticket, the words of a survey
-- answer, and how content they sound, -1 to 1, by the words of cdp_sentiment_words;
-- null where none occurs. The texts themselves stay behind.

with tickets as (
    {{ cdp_profiled('tickets', ['opened_at', 'updated_at', 'subject']) }}
),

responses as (
    {{ cdp_profiled('responses', ['occurred_at', 'text']) }}
),

words as (
    select * from {{ cdp_reference('sentiment_words') }}
),

texts as (
    select
        profile_id,
        'tickets' as contract,
        source,
        record_id,
        coalesce(opened_at, updated_at) as written_at,
        {{ cdp_plain_words('subject') }} as plain_text
    from tickets
    where subject is not null

    union all

    select
        profile_id,
        'responses' as contract,
        source,
        record_id,
        occurred_at as written_at,
        {{ cdp_plain_words('text') }} as plain_text
    from responses
    where text is not null
),

-- Many texts are alike: each is read once.
distinct_texts as (
    select distinct plain_text from texts
),

scores as (
    select
        distinct_texts.plain_text,
        avg(
            case
                when distinct_texts.plain_text like concat('% not ', words.word, ' %')
                    then -words.score
                else words.score
            end
        ) as sentiment
    from distinct_texts
    inner join words
        on distinct_texts.plain_text like concat('% ', words.word, ' %')
    group by distinct_texts.plain_text
),

final as (
    select
        texts.profile_id,
        texts.contract,
        texts.source,
        texts.record_id,
        texts.written_at,
        cast(scores.sentiment as {{ cdp_type('float') }}) as sentiment
    from texts
    left join scores on texts.plain_text = scores.plain_text
)

select * from final
