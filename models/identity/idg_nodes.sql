-- One row per identifier ever seen: the persistent dictionary that gives each a small
-- dense number. State: numbers are handed out once, new ones in the order of type and
-- value, so that the order in which rows arrive changes nothing.
-- Never a hash for a key: one collision would merge two strangers.

{{ config(materialized='incremental', schema='cdp_state', full_refresh=false) }}

with identifiers as (
    select distinct
        identifier_type,
        identifier_value
    from {{ ref('idg_identifiers') }}
),

{% if is_incremental() -%}
known as (
    select * from {{ this }}
),

newcomers as (
    select
        identifiers.identifier_type,
        identifiers.identifier_value
    from identifiers
    where not exists (
        select 1
        from known
        where
            known.identifier_type = identifiers.identifier_type
            and known.identifier_value = identifiers.identifier_value
    )
),

last_number as (
    select coalesce(max(node_id), 0) as node_id from {{ this }}
)
{%- else -%}
newcomers as (
    select * from identifiers
),

last_number as (
    select cast(0 as {{ cdp_type('integer') }}) as node_id
)
{%- endif %}

select
    last_number.node_id + row_number() over (
        order by newcomers.identifier_type, newcomers.identifier_value
    ) as node_id,
    newcomers.identifier_type,
    newcomers.identifier_value
from newcomers
cross join last_number
