{#- What a row of each contract says on the timeline, as SQL over its inp_ model: {contract:
    {at, channel, kind, summary, amount, ages}}. Where nothing is said, `at` is occurred_at and
    `channel` is channel. A summary holds no personal data. `ages`: what the row says that the
    clock alone may change. -#}
{% macro cdp_interactions() -%}
    {%- set cancelled = cdp_is_cancelled() -%}
    {%- set refused = "coalesce(lower(status), '') <> 'granted'" -%}
    {%- set stated_at -%}
        case when {{ refused }} then {{ cdp_refused_at('occurred_at') }} else occurred_at end
    {%- endset -%}
    {{ return({
        'events': {
            'kind': 'event_name', 'amount': 'value',
            'summary': cdp_sentence('event_name') ~ " || coalesce(': ' || category, '')",
        },
        'orders': {
            'kind': "case when " ~ cancelled ~ " then 'order_cancelled' else 'order_placed' end",
            'amount': 'total',
            'summary': "case when " ~ cancelled ~ " then 'Cancelled order' else 'Order' end"
                ~ " || coalesce(' of ' || " ~ cdp_money('total', 'currency') ~ ", '')"
                ~ " || case when coupon is not null then ' with a coupon' else '' end",
            'ages': cancelled,
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
            'at': stated_at, 'channel': "coalesce(channel, 'any')",
            'kind': "'consent_' || status",
            'summary': "'Consent ' || status || ' for ' || purpose", 'ages': stated_at,
        },
    }) }}
{%- endmacro %}

{#- Where a contract's interactions are read. -#}
{% macro cdp_interaction_rows(contract) -%}
    {{ 'refunds_of_orders' if contract == 'refunds' else ref('inp_' ~ contract) }}
{%- endmacro %}

{#- What stands for an interaction's content: it changes when its row does, or ages. -#}
{% macro cdp_interaction_hash(says) -%}
    {{ cdp_row_hash(['row_hash', says.ages]) if says.ages else 'row_hash' }}
{%- endmacro %}
