-- One row per profile_id that no segment takes: who is in one of the control panel's
-- cdp_segment_exclusions. Those segments themselves, and whose meta says
-- `cdp_segment_exclusions: false`, keep their people.

{{ config(schema='cdp_internal') }}

{%- for entry in cdp_segment_exclusions() %}
{%- if not loop.first %}

union
{% endif %}
select distinct profile_id
from {{ ref(*entry.split('.')) }}
where profile_id is not null
{%- else %}
select cast(null as {{ cdp_type('text') }}) as profile_id
where false
{%- endfor %}
