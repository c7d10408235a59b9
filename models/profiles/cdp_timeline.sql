-- One row per interaction: each row of each contract below that belongs to a profile,
-- with one readable line that holds no personal data. (contract, source, record_id) is
-- unique.

{{ config(schema=none, access='public') }}

{#- Where nothing is said, `at` is occurred_at and `channel` is channel. -#}
{%- set interactions = {
    'events': {
        'kind': 'event_name', 'amount': 'value',
        'summary': cdp_sentence('event_name') ~ " || coalesce(': ' || category, '')",
    },
    'orders': {
        'kind': "case when is_cancelled then 'order_cancelled' else 'order_placed' end",
        'amount': 'total',
        'summary': "case when is_cancelled then 'Cancelled order' else 'Order' end"
            ~ " || coalesce(' of ' || " ~ cdp_money('total', 'currency') ~ ", '')"
            ~ " || case when coupon is not null then ' with a coupon' else '' end",
    },
    'refunds': {
        'channel': "'service'", 'kind': "'refunded'", 'amount': 'amount',
        'summary': "'Refund' || coalesce(' of ' || "
            ~ cdp_money('amount', 'currency') ~ ", '')",
    },
    'carts': {
        'at': 'coalesce(started_at, updated_at)', 'channel': "'web'",
        'kind': "case when completed_at is null then 'cart_left' else 'cart_completed' end",
        'amount': 'value',
        'summary': "case when completed_at is null then 'Left a cart'"
            ~ " else 'Completed a cart' end"
            ~ " || coalesce(' of ' || " ~ cdp_money('value', 'currency') ~ ", '')",
    },
    'messages': {
        'kind': "coalesce(channel || '_', '') || kind",
        'summary': cdp_sentence("(coalesce(channel || ' ', '') || kind)")
            ~ " || case when is_machine then ' by a machine' else '' end"
            ~ " || coalesce(': ' || campaign_name, '')",
    },
    'subscriptions': {
        'channel': "'billing'", 'kind': "'subscription_' || status", 'amount': 'mrr',
        'summary': "'Subscription ' || status || coalesce(': ' || plan, '')",
    },
    'tickets': {
        'at': 'coalesce(opened_at, updated_at)', 'channel': "'support'",
        'kind': "'ticket_opened'",
        'summary': "'Opened a ticket' || coalesce(' by ' || channel, '')"
            ~ " || coalesce(', priority ' || priority, '')"
            ~ " || coalesce(', now ' || status, '')",
    },
    'opportunities': {
        'channel': "'sales'", 'kind': "'deal_stage'", 'amount': 'amount',
        'summary': "'Deal moved to ' || coalesce(stage, 'no stage')",
    },
    'activities': {
        'channel': "'sales'", 'kind': 'kind',
        'summary': cdp_sentence('kind')
            ~ " || coalesce(' ' || direction, '') || coalesce(', ' || outcome, '')",
    },
    'responses': {
        'channel': "'survey'", 'kind': "instrument || '_answered'",
        'summary': "'Answered ' || instrument || coalesce(' with ' || cast(cast(score"
            ~ " as numeric(18, 1)) as " ~ cdp_type('text') ~ "), '')",
    },
    'consents': {
        'channel': "coalesce(channel, 'any')", 'kind': "'consent_' || status",
        'summary': "'Consent ' || status || ' for ' || purpose",
    },
} -%}

with
{%- for contract in interactions %}
{{ contract }} as (
    select * from {{ ref('prf_' ~ contract) }}
),
{% endfor %}

interactions as (
    {%- for contract, says in interactions.items() %}
    {%- if not loop.first %}

    union all
    {% endif %}
    select
        profile_id,
        {{ says.get('at', 'occurred_at') }} as occurred_at,
        {{ says.get('channel', 'channel') }} as channel,
        {{ says.kind }} as kind,
        {{ says.summary }} as summary,
        {{ says.get('amount', 'cast(null as ' ~ cdp_type('numeric') ~ ')') }} as amount,
        {{ 'currency' if says.amount else 'cast(null as ' ~ cdp_type('text') ~ ')' }}
            as currency,
        source,
        record_id,
        brand,
        '{{ contract }}' as contract
    from {{ contract }}
    where {{ says.get('at', 'occurred_at') }} <= {{ cdp_now() }}
    {%- endfor %}
)

select * from interactions
