-- One row per interaction: each row of each contract below that names somebody and has
-- happened. (contract, source, record_id) is unique. Whose it is stands nowhere: so the
-- table does not age when profiles merge or split; cdp_timeline says it.
-- A run replaces the days that have changed (macros/profiles/cdp_stale_keys.sql).

{{ config(
    materialized='incremental',
    incremental_strategy='cdp_days',
    unique_key=['contract', 'activity_date'],
    on_schema_change='fail',
    indexes=cdp_indexes([{'columns': ['source', 'identity_key']}]),
) }}

{%- set contracts = cdp_interactions() %}
{%- set own = [
    'source', 'record_id', 'brand', 'identity_key', 'occurred_at', 'channel', 'kind',
    'summary', 'amount', 'currency', 'fingerprint',
] %}

-- A refund names nobody: its order does.
with refunds_of_orders as (
    select
        refunds.source,
        refunds.record_id,
        orders.brand,
        refunds.is_deleted,
        refunds.occurred_at,
        refunds.amount,
        refunds.currency,
        orders.identity_key,
        {{ cdp_row_hash(
            ['refunds.row_hash', 'orders.identity_key', 'orders.brand']
        ) }} as row_hash
    from {{ ref('inp_refunds') }} as refunds
    inner join {{ ref('inp_orders') }} as orders
        on
            refunds.source = orders.source
            and refunds.order_id = orders.record_id
    where
        not coalesce(orders.is_deleted, false)
        and {{ cdp_has_come('orders.occurred_at') }}
),
{%- if is_incremental() %}

found as (
    {%- for contract, says in contracts.items() %}
    {%- if not loop.first %}

    union all
    {% endif %}
    select
        '{{ contract }}' as contract,
        {{ cdp_date(says.get('at', 'occurred_at')) }} as activity_date,
        {{ cdp_interaction_hash(says) }} as fingerprint
    from {{ cdp_interaction_rows(contract) }}
    where {{ cdp_has_happened(says.get('at', 'occurred_at')) }}
    {%- endfor %}
),

stale_days as (
    {{ cdp_stale_keys('found', ['contract', 'activity_date']) }}
),
{%- endif %}

interactions as (
    {%- for contract, says in contracts.items() %}
    {%- set at = says.get('at', 'occurred_at') %}
    {%- if not loop.first %}

    union all
    {% endif %}
    select
        '{{ contract }}' as contract,
        {{ cdp_date(at) }} as activity_date,
        source,
        record_id,
        brand,
        identity_key,
        {{ at }} as occurred_at,
        {{ says.get('channel', 'channel') }} as channel,
        {{ says.kind }} as kind,
        {{ says.summary }} as summary,
        {{ says.get('amount', 'cast(null as ' ~ cdp_type('numeric') ~ ')') }} as amount,
        {{ 'currency' if says.amount else 'cast(null as ' ~ cdp_type('text') ~ ')' }}
            as currency,
        {{ cdp_interaction_hash(says) }} as fingerprint
    from {{ cdp_interaction_rows(contract) }}
    where
        {{ cdp_has_happened(at) }}
        {%- if is_incremental() %}
        and {{ cdp_date(at) }} in (
            select stale_days.activity_date from stale_days
            where stale_days.contract = '{{ contract }}'
        )
        {%- endif %}
    {%- endfor %}
)

{% if is_incremental() -%}
select
    stale_days.contract,
    stale_days.activity_date,
    interactions.{{ own | join(',\n    interactions.') }}
from stale_days
left join interactions
    on
        stale_days.contract = interactions.contract
        and stale_days.activity_date = interactions.activity_date
{%- else -%}
select * from interactions
{%- endif %}
