"""Build audiences over made-up people: from nothing, then with 1 % of the people changed.

    make bench-segments PROFILES=1000000

A hundred audiences in the YAML format, compiled by `cdp segment compile`: two thirds ask
columns of the profile, the others what people did, or are put together of these. The layers
before segments are built empty, then filled by SQL. Only the segments, their members and
their stays are measured, by one `dbt run` a row, as a process of its own, and what is told
of them (statistics, flows, overlaps) by another. Wall and CPU are in seconds; peak is the
largest resident set. What it costs over no rows is what dbt itself does; what it is held
against is one reading of the columns that the audiences name.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from support.checkout import check_out

DBT = Path(sys.executable).parent / "dbt"
NOW = "2018-01-01 06:00:00"
AUDIENCES = 100
MEASURED = ("seg_bench_*", "smb_exclusions", "smb_members", "smb_stays", "cdp_segment_memberships")
TOLD = ("cdp_segment_stats", "cdp_segment_flows", "cdp_segment_overlaps")

# A person's numbers follow from her own and the run's, so that a run can draw some anew.
DRAW = "create temporary macro draw(size, n, salt) as cast(hash(n, salt) % size as bigint);"
PROFILES = """
    insert into cdp.cdp_profiles by name
    select
        'p' || lpad(cast(n as varchar), 10, '0') as profile_id,
        'person' || n || '@example.com' as email,
        'First ' || n % 1000 as first_name,
        'Last ' || n % 7919 as last_name,
        ['US', 'DE', 'FR', 'GB', 'JP'][draw(5, n, 1) + 1] as country_code,
        'Town ' || draw(300, n, 2) as city,
        ['active', 'new', 'lapsed', 'at_risk'][draw(4, n, 3 + {run}) + 1] as lifecycle_stage,
        'Category ' || draw(40, n, 4) as favourite_category,
        draw(30, n, 5 + {run}) as orders_lifetime,
        draw(12, n, 6 + {run}) as orders_last_365_days,
        draw(365, n, 7 + {run}) as days_since_last_order,
        cast(draw(100000, n, 8 + {run}) / 100 as decimal(18, 2)) as revenue_last_365_days,
        draw(20, n, 9 + {run}) as email_opened_last_90_days,
        draw(50, n, 10 + {run}) as app_sessions_lifetime,
        draw(3, n, 11 + {run}) as open_tickets
    from range({people}) as numbers(n)
    where n % {every} = 0
"""
THINGS = """
    insert into cdp_internal.prf_orders by name
    select
        'p' || lpad(cast(draw({people}, n, 0) as varchar), 10, '0') as profile_id,
        'shop' as source,
        cast(n as varchar) as record_id,
        timestamp '{now}' - interval 1 minute * draw(525600, n, 1) as occurred_at,
        draw(50, n, 2) = 0 as is_cancelled,
        ['web', 'store', 'app'][draw(3, n, 3) + 1] as channel,
        cast(draw(20000, n, 4) / 100 as decimal(28, 6)) as total_reporting
    from range({people} * 3) as numbers(n);

    insert into cdp_internal.prf_messages by name
    select
        'p' || lpad(cast(draw({people}, n, 0) as varchar), 10, '0') as profile_id,
        'mail' as source,
        cast(n as varchar) as record_id,
        timestamp '{now}' - interval 1 minute * draw(525600, n, 1) as occurred_at,
        ['sent', 'delivered', 'opened', 'clicked'][draw(4, n, 2) + 1] as kind,
        'campaign ' || draw(40, n, 3) as campaign_id
    from range({people} * 5) as numbers(n);
"""
READ_ONCE = {
    "cdp.cdp_profiles": (
        "profile_id", "country_code", "city", "lifecycle_stage", "orders_lifetime",
        "orders_last_365_days", "days_since_last_order", "revenue_last_365_days",
        "email_opened_last_90_days", "app_sessions_lifetime", "open_tickets",
    ),
    "cdp_internal.prf_orders": (
        "profile_id", "occurred_at", "is_cancelled", "channel", "total_reporting",
    ),
    "cdp_internal.prf_messages": ("profile_id", "occurred_at", "kind", "campaign_id"),
}  # fmt: skip


def audiences() -> dict[str, dict[str, Any]]:
    """name -> what stands in its file; the same at every call."""
    draw = random.Random(1)
    made: dict[str, dict[str, Any]] = {}
    for number in range(AUDIENCES):
        parts = [_column(draw) for _ in range(draw.randint(2, 3))]
        kind = number % 6
        if kind == 0:
            parts = [_thing(draw), *parts[:1]]
        elif kind == 1:
            parts = [{"in_segment": f"seg_{draw.choice(list(made))}"}, parts[0]]
        elif kind == 2:
            parts = [parts[0], {"any": [_column(draw), _column(draw)]}]
        body: dict[str, Any] = {"where": {"all": parts}}
        if kind == 3:
            body["top"] = {"percent": 10, "by": "revenue_last_365_days"}
        made[f"bench_{number:03d}"] = {
            "version": 1,
            "label": f"Audience {number}",
            "owner": "bench@example.com",
            "why": "To be measured.",
            **body,
        }
    return made


def _column(draw: random.Random) -> dict[str, Any]:
    return draw.choice(
        [
            {"column": "country_code", "in": draw.sample(["US", "DE", "FR", "GB", "JP"], 2)},
            {"column": "city", "starts_with": f"Town {draw.randint(1, 9)}"},
            {"column": "lifecycle_stage", "is": draw.choice(["active", "new", "lapsed"])},
            {"column": "orders_lifetime", "at_least": draw.randint(15, 29)},
            {"column": "orders_last_365_days", "at_least": draw.randint(6, 11)},
            {"column": "days_since_last_order", "between": [30, draw.randint(40, 120)]},
            {"column": "revenue_last_365_days", "more_than": draw.randint(500, 990)},
            {"column": "email_opened_last_90_days", "at_least": draw.randint(10, 19)},
            {"column": "app_sessions_lifetime", "at_least": draw.randint(25, 49)},
            {"column": "open_tickets", "is": 0},
        ]
    )


def _thing(draw: random.Random) -> dict[str, Any]:
    days = draw.choice([7, 30, 90])
    return draw.choice(
        [
            {"did": "orders", "within_days": days, "count": {"at_least": 2}},
            {
                "did": "orders",
                "where": {"column": "channel", "is": "store"},
                "sum": {"column": "total_reporting", "at_least": 100},
            },
            {"did_not": "orders", "within_days": days},
            {
                "did": "messages",
                "where": {"column": "kind", "is": "opened"},
                "within_days": days,
                "most_frequent": {"column": "campaign_id", "is": "campaign 7"},
            },
            {
                "sequence": [
                    {"did": "messages", "where": {"column": "kind", "is": "clicked"}},
                    {"did": "orders", "within_days": 7},
                ],
                "within_days": days,
            },
        ]
    )


def measured(*command: object, cwd: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak GB of one process, which must succeed."""
    began = time.monotonic()
    process = subprocess.Popen([*map(str, command)], cwd=cwd, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(map(str, command))[:60]} … failed.")
    cpu = usage.ru_utime + usage.ru_stime
    return time.monotonic() - began, cpu, usage.ru_maxrss / 2**20


def fill(folder: Path, sql: str) -> None:
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(DRAW + sql)


def told(folder: Path, run: str, figures: tuple[float, float, float]) -> None:
    """One line of the table."""
    results = json.loads((folder / "target/run_results.json").read_text())["results"]
    seconds = {result["unique_id"].split(".")[-1]: result["execution_time"] for result in results}
    segments = sum(taken for name, taken in seconds.items() if name.startswith("seg_"))
    others = ", ".join(
        f"{name} {taken:.1f}" for name, taken in seconds.items()
        if not name.startswith("seg_") and taken > 0.5
    )  # fmt: skip
    wall, cpu, peak = figures
    load = os.getloadavg()[0]
    print(
        f"| {run} | {wall:.1f} | {cpu:.1f} | {peak:.2f} | {segments:.1f} | {others} | {load:.0f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    people = parser.parse_args().people
    folder = check_out(Path(tempfile.mkdtemp(prefix="cdp-bench-")))
    os.environ |= {"DBT_PROFILES_DIR": str(folder), "CDP_THREADS": "2", "CDP_NOW": NOW}
    for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH", "CDP_DUCKDB_PATH"):
        os.environ.pop(name, None)
    made = audiences()
    (folder / "audiences").mkdir()
    for name, content in made.items():
        (folder / "audiences" / f"{name}.yml").write_text(yaml.safe_dump(content))
    listed = {"cdp_segments": [f"cdp.seg_{name}" for name in made]}
    dbt = (DBT, "--quiet")
    run = (*dbt, "run", "--vars", json.dumps(listed), "-s")
    print(f"people: {people}, audiences: {len(made)}; in {folder}\n", flush=True)
    compiling = (sys.executable, "-m", "cdp", "segment", "compile")
    subprocess.run(compiling, cwd=folder, check=True, capture_output=True)
    measured(*dbt, "seed", cwd=folder)
    measured(*dbt, "run", "-s", "+cdp_profiles", "+cdp_identity_changes", "prf_messages",
             "prf_orders", "cdp_clock", cwd=folder)  # fmt: skip
    print("| run | wall s | CPU s | peak GB | segments, s | other models, s | load |")
    print("|---|---|---|---|---|---|---|")
    told(folder, "no rows, and dbt parses", measured(*run, *MEASURED, cwd=folder))
    told(folder, "no rows: dbt itself", measured(*run, *MEASURED, cwd=folder))
    fill(folder, "drop table cdp_state.smb_stays")
    fill(folder, THINGS.format(people=people, now=NOW))
    fill(folder, PROFILES.format(people=people, run=0, every=1))
    told(folder, "first", measured(*run, *MEASURED, cwd=folder))
    told(folder, "its statistics", measured(*run, *TOLD, cwd=folder))
    os.environ["CDP_NOW"] = NOW.replace("06:", "07:")
    told(folder, "again, nothing changed", measured(*run, *MEASURED, cwd=folder))
    fill(
        folder, "delete from cdp.cdp_profiles where cast(substr(profile_id, 2) as bigint) % 100 = 0"
    )
    fill(folder, PROFILES.format(people=people, run=20, every=100))
    os.environ["CDP_NOW"] = NOW.replace("06:", "08:")
    told(folder, "1 % of the people changed", measured(*run, *MEASURED, cwd=folder))
    read_once(folder)


def read_once(folder: Path) -> None:
    """What one reading of the columns that the audiences name costs, and how many stays."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("set threads = 2")
        ((stays,),) = connection.sql("select count(*) from cdp_state.smb_stays").fetchall()
        began, spent = time.monotonic(), time.process_time()
        for table, columns in READ_ONCE.items():
            named = ", ".join(f"max({column})" for column in columns)
            connection.execute(f"select {named} from {table}").fetchall()
        wall, cpu = time.monotonic() - began, time.process_time() - spent
    print(f"\nstays: {stays:,}; one reading: {wall:.2f} s, {cpu:.2f} CPU s")


if __name__ == "__main__":
    main()
