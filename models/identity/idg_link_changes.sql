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

{% if is_incremental() -%}
compared as (
    select
        {{ columns }},
        1 as change
    from links
    union all
    select
        {{ columns }},
        -change as change
    from {{ this }}
),

changes as (
    select
        {{ columns }},
        sum(change) as change
    from compared
    group by {{ columns }}
    having sum(change) <> 0
),

next_version as (
    select greatest(coalesce(max(version), 0) + 1, {{ this_run }}) as version from {{ this }}
)
{%- else -%}
changes as (
    select
        {{ columns }},
        1 as change
    from links
),

next_version as (
    select {{ this_run }} as version
)
{%- endif %}

select
    changes.node_id,
    changes.neighbour_id,
    changes.priority,
    changes.limit_key,
    changes.max_per_profile,
    cast(changes.change as {{ cdp_type('integer') }}) as change,
    cast(next_version.version as {{ cdp_type('integer') }}) as version
from changes
cross join next_version
