-- One row per day from 2000 to 2049: what a table with a row for every day, or a metric
-- over time, is laid out on.

{{ config(schema=none, access='public') }}

with numbers as (
    {{ cdp_numbers(18263) }}
)

select
    cast(
        {{ dbt.dateadd('day', 'generated_number - 1', "cast('2000-01-01' as date)") }}
        as date
    ) as day
from numbers
