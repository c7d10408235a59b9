-- One row per (source, record_id, attribute, value_hash): when a build first saw a
-- value in a source that syncs write to, and, with an empty record_id, since when the
-- source is watched. State: it tells what a source knew before we wrote to it. By the
-- wall clock, as the ledger; hashes only.

{{ config(
    schema='cdp_state',
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
) }}

with written_values as (
    select * from {{ ref('prf_written_values') }}
),

seen as (
    select distinct
        source,
        record_id,
        attribute,
        {{ dbt.hash('value') }} as value_hash
    from written_values
    {%- for field in cdp_written_fields() %}
    {%- for source in field.sources %}

    union

    select
        {{ dbt.string_literal(source) }} as source,
        '' as record_id,
        '{{ field.column }}' as attribute,
        '' as value_hash
    {%- endfor %}
    {%- endfor %}
),

{% if is_incremental() -%}
known as (
    select * from {{ this }}
),

new_sights as (
    select seen.*
    from seen
    left join known
        on
            seen.source = known.source
            and seen.record_id = known.record_id
            and seen.attribute = known.attribute
            and seen.value_hash = known.value_hash
    where known.source is null
)
{%- else -%}
new_sights as (
    select * from seen
)
{%- endif %}

select
    new_sights.*,
    {{ cdp_run_started() }} as first_seen_at
from new_sights
