-- One row per (identifier_type, identifier_value) that links nobody, with the rule that
-- says so. The value stays on its profiles as information. Feeds idg_edges.

with refused as (
    select
        *,
        1 as precedence
    from {{ ref('idg_refused__blocked') }}
    union all
    select
        *,
        2 as precedence
    from {{ ref('idg_refused__cardinality') }}
    union all
    select
        *,
        3 as precedence
    from {{ ref('idg_refused__names') }}
    union all
    select
        *,
        4 as precedence
    from {{ ref('idg_refused__crowd') }}
),

-- What a person linked by hand names its owner, whatever a rule makes of it.
linked_by_hand as (
    select distinct
        identifier_type,
        identifier_value
    from {{ ref('idg_overrides') }}
    where action = 'force_link'
),

ranked as (
    select
        refused.*,
        row_number() over (
            partition by refused.identifier_type, refused.identifier_value
            order by refused.precedence
        ) as rank_in_value
    from refused
    left join linked_by_hand
        on
            refused.identifier_type = linked_by_hand.identifier_type
            and refused.identifier_value = linked_by_hand.identifier_value
    where linked_by_hand.identifier_value is null
)

select
    identifier_type,
    identifier_value,
    rule
from ranked
where rank_in_value = 1
