-- One row per behavioural event of a profile, up to now. A view: what counts by
-- the day is in tables that do not age.

{{ config(materialized='view') }}

{{ cdp_profiled('events', [
    'occurred_at', 'event_name', 'channel', 'session_id', 'product_id', 'category',
    'campaign_id', 'utm_source', 'utm_medium', 'utm_campaign', 'click_id',
    'click_id_type', 'value', 'currency',
]) }}
