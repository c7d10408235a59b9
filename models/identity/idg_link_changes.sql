-- One row per (node_id, neighbour_id, priority, limit_key, max_per_profile, version): a
-- link of idg_links that came (change 1) or went (-1), and when. Append only: what a row
-- adds up to over all versions is whether the link is there, so that one statement
-- compares today's links with all that was told. Feeds idg_components.
-- Versions go up, and none comes twice, not even where the log was made anew: whoever
-- has read up to one can tell.

{{ config(materialized='incremental', incremental_strategy='append') }}

{%- set columns = 'node_id, neighbour_id, priority, limit_key, max_per_profile' %}
{%- set this_run = (run_started_at.timestamp() * 1000000) | int %}

with links as (
    select distinct {{ columns }} from {{ ref('idg_links') }}
),

compared as (
    select
        {{ columns }},
        1 as change
    from links
    {%- if is_incremental() %}
    union all
    select
        {{ columns }},
        -change
    from {{ this }}
    {%- endif %}
),

{% if is_incremental() -%}
last_version as (
    select coalesce(max(version), 0) as version from {{ this }}
)
{%- else -%}
last_version as (
    select cast(0 as {{ cdp_type('integer') }}) as version
)
{%- endif %}

select
    compared.node_id,
    compared.neighbour_id,
    compared.priority,
    compared.limit_key,
    compared.max_per_profile,
    cast(sum(compared.change) as {{ cdp_type('integer') }}) as change,
    greatest(last_version.version + 1, {{ this_run }}) as version
from compared
cross join last_version
group by
    compared.node_id,
    compared.neighbour_id,
    compared.priority,
    compared.limit_key,
    compared.max_per_profile,
    last_version.version
having sum(compared.change) <> 0
