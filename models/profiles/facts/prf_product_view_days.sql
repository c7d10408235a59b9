-- One row per (source, identity_key, product_id, activity_date): products that one
-- identifier set of one source looked at on a day. Whose they are stands nowhere, so
-- the table does not age; a run replaces the days that have changed.

{{ config(
    materialized='incremental',
    incremental_strategy='cdp_days',
    unique_key=['activity_date'],
    on_schema_change='fail',
) }}

{%- set own = [
    'source', 'identity_key', 'product_id', 'category', 'views', 'last_viewed_at',
    'fingerprint',
] %}
{%- set is_view = "event_name = 'product_viewed' and product_id is not null" %}

with
{%- if is_incremental() %}
found as (
    select
        {{ cdp_date('occurred_at') }} as activity_date,
        row_hash as fingerprint
    from {{ ref('inp_events') }}
    where {{ cdp_has_happened() }} and {{ is_view }}
),

stale_days as (
    {{ cdp_stale_keys('found', ['activity_date']) }}
),
{%- endif %}

days as (
    select
        source,
        identity_key,
        product_id,
        {{ cdp_date('occurred_at') }} as activity_date,
        max(category) as category,
        count(*) as views,
        max(occurred_at) as last_viewed_at,
        cast(sum(row_hash) as numeric(38, 0)) as fingerprint
    from {{ ref('inp_events') }}
    where
        {{ cdp_has_happened() }}
        and {{ is_view }}
        {%- if is_incremental() %}
        and {{ cdp_date('occurred_at') }} in (
            select stale_days.activity_date from stale_days
        )
        {%- endif %}
    group by source, identity_key, product_id, {{ cdp_date('occurred_at') }}
)

{% if is_incremental() -%}
select
    stale_days.activity_date,
    days.{{ own | join(',\n    days.') }}
from stale_days
left join days on stale_days.activity_date = days.activity_date
{%- else -%}
select * from days
{%- endif %}
