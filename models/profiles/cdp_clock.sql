-- One row per warehouse: the moment from which this build counted. Segments made from
-- audiences join it, so that they count from the same moment in every project and
-- every preview.

{{ config(schema=none, access='public') }}

select
    {{ cdp_now() }} as now_at,
    {{ cdp_today() }} as today
