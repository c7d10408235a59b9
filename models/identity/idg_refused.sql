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

ranked as (
    select
        *,
        row_number() over (
            partition by identifier_type, identifier_value order by precedence
        ) as rank_in_value
    from refused
)

select
    identifier_type,
    identifier_value,
    rule
from ranked
where rank_in_value = 1
