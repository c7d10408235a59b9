-- One row per (segment, profile_id): who is in which listed segment now.

{{ config(schema='cdp_internal', materialized='view') }}

{%- for segment in cdp_segments() %}
{%- if not loop.first %}

union
{% endif %}
select
    '{{ segment.name }}' as segment,
    profile_id
from {{ ref(segment.package, segment.name) }}
{%- else %}
select
    cast(null as {{ cdp_type('text') }}) as segment,
    cast(null as {{ cdp_type('text') }}) as profile_id
where false
{%- endfor %}
