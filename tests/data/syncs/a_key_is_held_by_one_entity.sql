-- Invariant: at one place of a sync, an entity is held once, and a key by one entity.

with state as (
    {{ cdp_state_rows('cdp_sync_state', {
        'sync': 'text', 'place': 'text', 'entity_id': 'text', 'match_key': 'text',
    }) }}
)

select
    sync,
    place,
    count(*) as held
from state
group by sync, place
having count(*) > count(distinct entity_id) or count(*) > count(distinct match_key)
