"""What a sync costs, as Markdown: planning against reading and hashing, and delivering.

    make bench-sync ROWS="1000000 10000000"

Each figure is of a process of its own: CPU in seconds, peak is its largest resident set.
Planning: six mapped columns, 1 % changed; the first pass, which reads the file, is not
counted on either side, then the best of three. Delivering: 100,000 rows to a webhook by
1,000, to a server in a process of its own, ledger included; then drt to the same server,
and ours to one that refuses more than its rate. The load stands above the tables.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from sync_drt import delivered_by_drt, install
from sync_server import SECRET
from sync_world import COLUMNS, ManyRows, open_duckdb

CHANGED = 100_000
WINDOW = (5, 1.0)  # calls, seconds: slower than the sender, so that the limit is what counts
FILES = {"cdp_destination": "files", "cdp_object": "changes", "cdp_options": {"path": "out"}}


def meta(**more: Any) -> dict[str, Any]:
    fields = {name: name for name in COLUMNS}
    common = {"cdp_mode": "mirror", "cdp_purpose": "marketing_email", "cdp_fields": fields}
    return common | (more or FILES)


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def cost(work: Callable[[], object]) -> float:
    began = cpu()
    work()
    return cpu() - began


def best(work: Callable[[], object]) -> float:
    work()
    return min(cost(work) for _ in range(3))


def make(folder: Path, rows: int) -> dict[str, float]:
    """The tables, with 1 % changed since they were sent."""
    warehouse = open_duckdb(folder / "bench.duckdb")
    ManyRows(warehouse, folder, meta()).fill_with(rows, rows // 100)
    warehouse.close()
    return {}


def plan(folder: Path) -> dict[str, float]:
    """CPU of reading and hashing the mapped columns, and of the whole diff."""
    warehouse = open_duckdb(folder / "bench.duckdb")
    world = ManyRows(warehouse, folder, meta(), is_new=False)
    figures = {"hash_cpu": best(world.read_and_hash), "diff_cpu": best(world.diff)}
    warehouse.close()
    return figures


def deliver(folder: Path, url: str, rates: list[Any]) -> dict[str, float]:
    """Wall and CPU of a first delivery of CHANGED rows."""
    warehouse = open_duckdb(folder / "deliver.duckdb")
    options = {"url": url, "secret_env": "BENCH_SECRET", "allow_private": True}
    options |= {"batch_rows": 1000, "rates": rates}
    target = {"cdp_destination": "webhook", "cdp_options": options, "cdp_sandbox": options}
    world = ManyRows(warehouse, folder, meta(**target))
    world.fill_with(CHANGED + CHANGED // 10, 0)
    warehouse.execute("delete from cdp_state.cdp_sync_state")
    began, before = time.monotonic(), cpu()
    result = world.sync()
    assert result.status == "succeeded", result
    figures = {"sent": result.sent, "wall": time.monotonic() - began, "cpu": cpu() - before}
    warehouse.execute(f"attach '{folder / 'sent.duckdb'}' as sent")
    warehouse.execute(
        "create table sent.people as select profile_id as id, profiles.* exclude (profile_id) "
        "from cdp.cdp_profiles as profiles where profile_id in "
        "(select entity_id from cdp_state.cdp_sync_state)"
    )
    warehouse.close()
    return figures


def in_child(*arguments: object) -> dict[str, float]:
    """The figures that this file prints when it is called with `arguments`, and the peak."""
    command = [sys.executable, __file__, *map(str, arguments)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"BENCH_SECRET": SECRET}
    )
    assert process.stdout
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{arguments[0]} failed")
    return json.loads(text) | {"peak_mb": usage.ru_maxrss / 1024}


@contextmanager
def serving(calls: int, seconds: float) -> Iterator[str]:
    script = Path(__file__).with_name("sync_server.py")
    command = [sys.executable, str(script), "--calls", str(calls), "--seconds", str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
    finally:
        process.terminate()
        process.wait()


def planned(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        in_child("make", folder, rows)
        found = in_child("plan", folder)
        ratio = found["diff_cpu"] / found["hash_cpu"]
        print(
            f"| {rows:,} | {found['hash_cpu']:.2f} | {found['diff_cpu']:.2f} | {ratio:.1f} "
            f"| {found['peak_mb']:.0f} |",
            flush=True,
        )


def delivered(folder: Path, calls: int, seconds: float) -> None:
    rates = [[calls, seconds]] if calls else []
    with serving(calls, seconds) as url:
        found = in_child("deliver", folder, url, json.dumps(rates))
        server = told(url)
    assert server["rows"] == found["sent"], (server, found)
    share = ""
    if calls:
        # the first window's calls may go at once
        share = f"{(server['calls'] - calls) / (server['seconds'] * calls / seconds):.1%}"
    label = f"{calls} calls in {seconds:g} s" if calls else "no limit"
    show(label, "ours", found["sent"], found, server, share)


def delivered_by_another(folder: Path) -> None:
    """drt, with the rows that ours has just sent."""
    command = install(folder)
    with serving(0, 1) as url:
        found = delivered_by_drt(command, folder, folder / "sent.duckdb", f"{url}unsigned")
        server = told(url)
    show("no limit", "drt 1.2.1", server["rows"], found, server)


def told(url: str) -> dict[str, float]:
    """The server's own figures."""
    with urlopen(url) as answer:
        return json.loads(answer.read())


def show(
    label: str,
    who: str,
    rows: float,
    found: dict[str, float],
    server: dict[str, float],
    share: str = "-",
) -> None:
    print(
        f"| {label} | {who} | {rows / found['wall']:,.0f} | {found['cpu']:.1f} "
        f"| {server['cpu']:.1f} | {share} | {server['refused']:.0f} "
        f"| {found['peak_mb']:.0f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 10_000_000])
    rows = parser.parse_args().rows
    print(f"load {os.getloadavg()[0]:.1f}\n")
    print("| rows | read and hash, CPU s | plan, CPU s | ratio | peak MB |\n|---|---|---|---|---|")
    for number in rows:
        planned(number)
    print(f"\nload {os.getloadavg()[0]:.1f}\n")
    print("| server | who | rows/s | CPU s | its CPU s | of the rate | over it | peak MB |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        delivered(Path(first), 0, 1)
        delivered_by_another(Path(first))
        delivered(Path(second), *WINDOW)


STEPS: dict[str, Callable[..., dict[str, float]]] = {
    "make": lambda folder, rows: make(Path(folder), int(rows)),
    "plan": lambda folder: plan(Path(folder)),
    "deliver": lambda folder, url, rates: deliver(Path(folder), url, json.loads(rates)),
}

if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in STEPS:
        print(json.dumps(STEPS[sys.argv[1]](*sys.argv[2:])))
    else:
        main()
