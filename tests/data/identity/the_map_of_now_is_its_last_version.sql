-- Invariant: read as of now, the history of the identity map is the identity map.

with as_of_now as (
    {{ cdp_identity_map_as_of('9999-12-30') | indent(4) }}
),

identity_map as (
    select * from {{ ref('cdp_identity_map') }}
)

select
    coalesce(identity_map.source, as_of_now.source) as source,
    coalesce(identity_map.record_id, as_of_now.record_id) as record_id
from identity_map
full outer join as_of_now
    on
        identity_map.source = as_of_now.source
        and identity_map.record_id = as_of_now.record_id
        and identity_map.profile_id = as_of_now.profile_id
        and identity_map.is_person = as_of_now.is_person
        and identity_map.linked_by = as_of_now.linked_by
where identity_map.source is null or as_of_now.source is null
