-- One row per (one_id, other_id) drawn by chance: how close strangers are by each comparison.
-- cdp identity train reads it. Ten thousand people at most, each with the next hundred in
-- an order that means nothing: the same draw on every warehouse.

{{ config(enabled=cdp_matches_people(), materialized='view') }}

with people as (
    select * from {{ ref('idg_match_people') }}
),

variants as (
    select * from {{ ref('idg_name_variants') }}
),

shuffled as (
    select
        *,
        row_number() over (
            order by {{ dbt.hash("concat('chance ', source, ':', record_id)") }}
        ) as place
    from people
),

drawn as (
    select * from shuffled where place <= 10000
),

steps as (
    {{ dbt.generate_series(100) | indent(4) }}
)

select
    one.node_id as one_id,
    other.node_id as other_id,
    {{- cdp_match_levels() }}
from drawn as one
cross join steps
inner join drawn as other on one.place + steps.generated_number = other.place
left join variants
    on one.first_name = variants.first_name
    and other.first_name = variants.variant
