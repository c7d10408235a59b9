-- One row per (source, record_id): an event by which somebody came, from a campaign, an
-- advertisement or a search. Whose it is stands nowhere, so the table does not age; a
-- run replaces the days that have changed.

{{ config(
    materialized='incremental',
    incremental_strategy='cdp_days',
    unique_key=['activity_date'],
    on_schema_change='fail',
) }}

{%- set own = [
    'source', 'record_id', 'identity_key', 'occurred_at', 'channel', 'campaign_id',
    'utm_source', 'utm_medium', 'utm_campaign', 'click_id', 'click_id_type',
    'fingerprint',
] %}

with events as (
    select
        {{ cdp_date('occurred_at') }} as activity_date,
        source,
        record_id,
        identity_key,
        occurred_at,
        channel,
        campaign_id,
        utm_source,
        utm_medium,
        utm_campaign,
        click_id,
        click_id_type,
        row_hash as fingerprint
    from {{ ref('inp_events') }}
    where
        {{ cdp_has_happened() }}
        and coalesce(
            utm_source, utm_medium, utm_campaign, click_id, campaign_id
        ) is not null
)

{%- if is_incremental() -%}
,

stale_days as (
    {{ cdp_stale_keys('events', ['activity_date']) }}
)

select
    stale_days.activity_date,
    events.{{ own | join(',\n    events.') }}
from stale_days
left join events on stale_days.activity_date = events.activity_date
{%- else %}

select * from events
{%- endif %}
