-- Invariant: both sides of an override are something that an input has. One that names
-- nothing does nothing: a warning, since the record may be gone for good.

{{ config(severity='warn') }}

select
    override_id,
    side
from {{ ref('idg_overrides') }}
where node_id is null
