"""A small, made-up set of public tables, for tests of what reads them.

240 profiles with regular habits, so that every count can be worked out by hand; every
sixth is a visitor whom nobody has named. The SQL
runs on DuckDB and on Postgres.
"""

from __future__ import annotations

from cdp.warehouse import Warehouse

__all__ = ["HOSTILE", "PEOPLE", "make_public_tables"]

PEOPLE = 240
HOSTILE = "<script>alert('x')</script>"

_TABLES = {
    "cdp.cdp_identity_map": """
        select
            systems.source,
            systems.source || '-' || people.n || '-' || copies.k as record_id,
            'p' || people.n as profile_id,
            true as is_person,
            case when copies.k = 3 then 'probable' else 'exact' end as linked_by
        from people
        cross join systems
        cross join (select 1 as k union all select 2 union all select 3) as copies
        where people.n % systems.every = 0 and copies.k <= systems.copies
    """,
    "cdp.cdp_identifiers": """
        select
            'p' || n as profile_id,
            'email' as identifier_type,
            'person' || n || '@example.com' as identifier_value
        from people where n % 4 > 0
        union all
        select 'p' || n, 'phone', '+1555010' || (1000 + n) from people where n % 2 = 0
    """,
    "cdp.cdp_profiles": """
        select
            'p' || n as profile_id,
            case when n % 4 > 0 then 'person' || n || '@example.com' end as email,
            'Ann' || n as first_name,
            cast('1980-05-17' as date) as birth_date,
            n % 6 > 0 as is_known,
            1 + n % 5 as rfm_recency,
            1 + (n / 5) % 5 as rfm_frequency,
            10.0 * n as revenue_lifetime,
            case n % 4
                when 0 then 'active' when 1 then 'new' when 2 then 'lapsed' else '{hostile}'
            end as lifecycle_stage
        from people
    """,
    "cdp.cdp_attribute_values": """
        select
            'p' || n as profile_id, 'email' as attribute,
            'person' || n || '@example.com' as value, true as is_winner
        from people where n % 4 > 0
        union all
        select 'p' || n, 'first_name', 'Ann' || n, true from people
        union all
        select 'p' || n, 'first_name', 'An' || n, false from people
    """,
    "cdp.cdp_segment_memberships": """
        select
            'p' || people.n as profile_id,
            segments.name as segment,
            case when people.n % 20 = 0 then 'control' else 'treatment' end as split,
            true as is_current
        from people
        cross join (
            select 'seg_all' as name, 1 as every
            union all select 'seg_even', 2
            union all select 'seg_thirds', 3
        ) as segments
        where people.n % segments.every = 0
    """,
    "cdp.cdp_segment_stats": """
        select
            segments.name as segment, cast('2017-12-31' as date) as day, segments.size,
            segments.entered, segments.exited, segments.is_within_turnover,
            segments.stability, segments.syncs
        from (
            select
                'seg_all' as name, 240 as size, 10 as entered, 0 as exited,
                true as is_within_turnover, cast(0.9 as double precision) as stability,
                2 as syncs
            union all select 'seg_even', 120, 10, 30, false, null, 1
            union all select 'seg_thirds', 80, 0, 0, null, null, 0
            union all select 'seg_nobody', 0, 0, 5, null, null, 1
            union all select 'seg_unlisted', 0, 0, 5, null, null, null
        ) as segments
        union all
        select 'seg_all', cast('2017-11-30' as date), 200, 200, 0, true, null, 2
    """,
    "cdp.cdp_segment_flows": """
        select
            cast('2017-12-31' as date) as day, 'seg_even' as from_segment,
            'seg_thirds' as to_segment, 10 as people
    """,
    "cdp.cdp_segment_overlaps": """
        select
            one.name as segment,
            other.name as other_segment,
            count(*) as people
        from people
        cross join (
            select 'seg_all' as name, 1 as every
            union all select 'seg_even', 2
            union all select 'seg_thirds', 3
        ) as one
        cross join (
            select 'seg_all' as name, 1 as every
            union all select 'seg_even', 2
            union all select 'seg_thirds', 3
        ) as other
        where people.n % one.every = 0 and people.n % other.every = 0
        group by one.name, other.name
    """,
    "cdp.cdp_consents": """
        select
            'p' || n as profile_id, 'marketing_email' as purpose, 'email' as channel,
            case when n % 5 = 0 then 'withdrawn' else 'granted' end as status
        from people where n % 2 = 0
    """,
    "cdp.cdp_timeline": """
        select
            'p' || people.n as profile_id,
            cast('2017-12-30 10:00:00' as timestamp)
                - systems.every * 30 * interval '1 day' as occurred_at,
            systems.channel,
            systems.source,
            systems.source || '-' || people.n as record_id
        from people
        cross join systems
    """,
}

_BASE = """
    with people as (select n from generate_series(1, {people}) as series(n)),

    systems as (
        select 'shopify' as source, 'web' as channel, 1 as every, 2 as copies
        union all select 'pos', 'store', 2, 3
        union all select '{hostile}', 'email', 3, 1
    )
"""


def make_public_tables(warehouse: Warehouse, people: int = PEOPLE) -> None:
    """Make them in the schemas of the demo target."""
    hostile = HOSTILE.replace("'", "''")
    for name, query in _TABLES.items():
        schema = name.split(".")[0]
        warehouse.execute(f'create schema if not exists "{schema}"')
        base = _BASE.format(people=people, hostile=hostile)
        warehouse.execute(f"create table {name} as {base} {query.format(hostile=hostile)}")
