-- One row per (first_name, variant): two given names that one person may go by, because
-- one is the other's nickname or both are nicknames of a third. Feeds
-- idg_refused__names.

with nicknames as (
    select * from {{ cdp_reference('nicknames') }}
),

formal_names as (
    select
        nickname as first_name,
        name as formal_name
    from nicknames
    union
    select
        name as first_name,
        name as formal_name
    from nicknames
)

select distinct
    formal_names.first_name,
    other_names.first_name as variant
from formal_names
inner join formal_names as other_names
    on
        formal_names.formal_name = other_names.formal_name
        and formal_names.first_name <> other_names.first_name
