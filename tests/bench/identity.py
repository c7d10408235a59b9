"""What connected components cost: ours, scipy, Splink, and grouping the nodes once.

    make bench-identity EDGES="1000000 10000000"

Each contender is a process of its own over the same Parquet file of string identifiers; CPU,
wall and peak (the largest resident set) are the whole process's, `statements` the CPU that
ours spent in the database. All must find the same number of people. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

_CONTENDER = Path(__file__).with_name("identity_graph.py")
_POSTGRES_UP_TO = 1_000_000

# Cookies and the users they were seen with, both by a power law; cookies reset every two
# months for a year; and shared devices behind two hundred hubs.
_GRAPH = """
    select
        'cookie-' || lpad(cast(cast({n} * 0.75 * random() ** 1.15 as bigint) as text), 12, '0')
            as left_value,
        'user-' || lpad(cast(cast({n} * 0.35 * random() ** 1.6 as bigint) as text), 12, '0')
            as right_value
    from range(cast({n} * 0.8 as bigint))
    union all
    select
        'reset-' || lpad(cast(place as text), 12, '0'),
        'reset-' || lpad(cast(place + 1 as text), 12, '0')
    from range(cast({n} * 0.15 as bigint)) as places (place)
    where place % 6 <> 5
    union all
    select
        'device-' || lpad(cast(place as text), 12, '0'),
        'hub-' || lpad(cast(cast(200 * random() ** 3 as bigint) as text), 4, '0')
    from range(cast({n} * 0.05 as bigint)) as places (place)
"""
# New edges: half bring a new cookie to somebody, half join two who are there already.
_MORE = """
    with old as (
        select left_value, right_value, row_number() over () as place
        from (select * from '{edges}' using sample {m} rows)
    )

    select
        case when place % 2 = 0 then 'new-' || place else left_value end as left_value,
        lead(right_value, 1, right_value) over (order by md5(left_value || place)) as right_value
    from old
"""
_CHAIN = """
    select 'id-' || lpad(cast(place as text), 9, '0') as left_value,
        'id-' || lpad(cast(place + 1 as text), 9, '0') as right_value
    from range({n}) as places (place)
"""
_STAR = (
    "select 'id-' || place as left_value, 'centre' as right_value from range({n}) as places (place)"
)


@dataclass(frozen=True)
class Cost:
    cpu: float
    wall: float
    peak_gb: float
    found: dict[str, Any]

    def row(self, name: str) -> str:
        statements = self.found.get("statements")
        inside = "" if statements is None else f"{statements:.2f}"
        return f"| {name} | {self.cpu:.1f} | {inside} | {self.wall:.0f} | {self.peak_gb:.2f} |"


def cost(contender: str, folder: Path) -> Cost:
    """Run a contender in a process of its own."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, str(_CONTENDER), contender, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{contender} ended with exit code {code}")
    found = json.loads(said.splitlines()[-1])
    return Cost(
        used.ru_utime + used.ru_stime, time.monotonic() - began, used.ru_maxrss / 2**20, found
    )


def write(sql: str, path: Path) -> int:
    with duckdb.connect() as connection:
        connection.execute("select setseed(0.42)")
        connection.execute("set threads = 1")
        connection.execute(f"copy ({sql}) to '{path}' (format parquet)")
        return int(connection.execute(f"select count(*) from '{path}'").fetchall()[0][0])


def graph(edges: int, folder: Path, with_splink: bool) -> None:
    """One size of graph, everybody on it."""
    count = write(_GRAPH.format(n=edges), folder / "edges.parquet")
    print(f"\n{count:,} edges\n")
    print("| | CPU s | of it statements | wall s | peak GB |\n|---|---|---|---|---|")
    contenders = {"grouping the identifiers once": "group", "scipy": "scipy"}
    contenders |= {"Splink's clustering": "splink"} if with_splink else {}
    people = set()
    for name, contender in {**contenders, "ours, from nothing": "cdp_full"}.items():
        spent = cost(contender, folder)
        people.add(spent.found["clusters"])
        print(spent.row(name), flush=True)
    if len(people - {None}) > 1:
        raise SystemExit(f"They do not agree on how many people there are: {people}")
    print(cost("cdp_scan", folder).row("ours, one scan of the dictionary"), flush=True)
    shutil.copy(folder / "cdp.duckdb", folder / "full.duckdb")
    for share in (0.001, 0.01):
        added = int(count * share)
        write(_MORE.format(edges=folder / "edges.parquet", m=added), folder / "more.parquet")
        shutil.copy(folder / "full.duckdb", folder / "cdp.duckdb")
        print(cost("cdp_more", folder).row(f"ours, {share:.1%} new edges"), flush=True)
    shutil.copy(folder / "full.duckdb", folder / "cdp.duckdb")
    print(cost("cdp_compare", folder).row("ours, seeing that no link changed"), flush=True)
    (folder / "cdp.duckdb").unlink()
    print(cost("cdp_small_memory", folder).row("ours, memory_limit 500MB"), flush=True)
    if count <= _POSTGRES_UP_TO:
        spent = cost("cdp_postgres", folder)
        print(spent.row("ours on Postgres, from nothing (the server's)"))
        print(f"| ours on Postgres, 1.0% new edges | | {spent.found['more']:.2f} | | |")


def shapes(nodes: int, folder: Path) -> None:
    """The shapes on which propagation crawls, or drowns."""
    print(f"\n{nodes:,} edges\n")
    print("| | CPU s | of it statements | wall s | peak GB |\n|---|---|---|---|---|")
    for name, sql in {"a sorted chain": _CHAIN, "a star": _STAR}.items():
        write(sql.format(n=nodes), folder / "edges.parquet")
        (folder / "cdp.duckdb").unlink(missing_ok=True)
        spent = cost("cdp_full", folder)
        if spent.found["clusters"] != 1:
            raise SystemExit(f"{name} is one component, not {spent.found['clusters']}")
        print(spent.row(name), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--edges", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--without-splink", action="store_true", help="it takes minutes")
    options = parser.parse_args()
    for edges in options.edges:
        with tempfile.TemporaryDirectory(prefix="cdp-bench-") as folder:
            graph(edges, Path(folder), not options.without_splink)
    with tempfile.TemporaryDirectory(prefix="cdp-bench-") as folder:
        shapes(1_000_000, Path(folder))


if __name__ == "__main__":
    main()
