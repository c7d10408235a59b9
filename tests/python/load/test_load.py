"""Loading files: counts add up, a file comes in once, and order does not matter."""

from __future__ import annotations

import gzip
import itertools
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp.errors import ConfigError
from cdp.load import FileOutcome, load
from cdp.load._progress import Silent
from cdp.warehouse import Warehouse, quoted
from support.project import Outcome, Project


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def write_parquet(path: Path, **columns: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def outcomes_of(warehouse: Warehouse, folder: Path, **options: object) -> dict[str, FileOutcome]:
    outcomes, _ = load(warehouse, folder, **options)  # type: ignore[arg-type]
    return {outcome.file: outcome for outcome in outcomes}


def rows_of(warehouse: Warehouse, table: str, *columns: str) -> list[tuple[object, ...]]:
    names = ", ".join(map(quoted, columns))
    return warehouse.query(f"select {names} from {table} order by {names}")


def test_every_format_lands_in_the_schema_of_its_folder(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    write(tmp_path / "raw/shop/customer/a.csv", "id,name\n007,Ana\n008,\n")
    write(tmp_path / "raw/shop/orders.csv.gz", gzip.compress(b"id\n1\n2\n"))
    write(tmp_path / "raw/shop/events.jsonl", '{"id": 1.10, "tags": ["a", {"b": null}]}\n')
    write(tmp_path / "raw/shop/pages/x.ndjson", '{"id": 12345678901234567890}\n\n{"u": true}\n')
    write_parquet(tmp_path / "raw/till/lines.parquet", id=[1, 2, 3])
    write(tmp_path / "raw/till/notes.txt", "none of ours")
    outcomes, ignored = load(warehouse, tmp_path)
    assert [outcome.status for outcome in outcomes] == ["loaded"] * 5
    assert [path.name for path in ignored] == ["notes.txt"]
    assert rows_of(warehouse, "shop.customer", "id", "name") == [("007", "Ana"), ("008", None)]
    assert rows_of(warehouse, "shop.orders", "id") == [("1",), ("2",)]
    assert rows_of(warehouse, "shop.events", "id", "tags") == [("1.10", '["a",{"b":null}]')]
    assert sorted(rows_of(warehouse, "shop.pages", "id", "u"), key=str) == [
        ("12345678901234567890", None),
        (None, "true"),
    ]
    assert rows_of(warehouse, "till.lines", "id", "_cdp_file") == [
        (number, "till/lines.parquet") for number in (1, 2, 3)
    ]


def test_parquet_keeps_its_types_and_times_become_utc(warehouse: Warehouse, tmp_path: Path) -> None:
    noon = datetime(2024, 6, 1, 12, tzinfo=UTC)
    write_parquet(
        tmp_path / "s/t.parquet",
        whole=pa.array([2**62], pa.int64()),
        small=pa.array([7], pa.int8()),
        amount=pa.array([Decimal("12.50")], pa.decimal128(12, 2)),
        moment=pa.array([noon], pa.timestamp("ns", "Europe/Berlin")),
        plain=pa.array([datetime(2024, 6, 1)], pa.timestamp("ms")),
        flag=[True],
        nested=pa.array([{"a": [1, None], "ü": "x"}]),
        choice=pa.array(["x"]).dictionary_encode(),
        nothing=pa.nulls(1),
        raw=pa.array([b"bytes that are text"]),
    )
    assert outcomes_of(warehouse, tmp_path)["s/t.parquet"].status == "loaded"
    row = warehouse.query(
        "select whole, small, amount, moment, plain, flag, nested, choice, nothing, raw from s.t"
    )[0]
    naive = noon.replace(tzinfo=None)
    assert row == (
        *(2**62, 7, Decimal("12.50"), naive, datetime(2024, 6, 1), True),
        *('{"a":[1,null],"ü":"x"}', "x", None, "bytes that are text"),
    )


def test_a_second_load_moves_nothing_and_a_changed_file_replaces_its_own_rows(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    first = write(tmp_path / "s/t/1.csv", "id\n1\nbad,row\n")
    write(tmp_path / "s/t/2.csv", "id\n2\n")
    before = outcomes_of(warehouse, tmp_path)
    assert [(o.status, o.rows, o.quarantined) for o in before.values()] == [
        ("loaded", 1, 1),
        ("loaded", 1, 0),
    ]
    os.utime(tmp_path / "s/t/2.csv", ns=(1, 1))
    loaded_at = "select _cdp_file, _cdp_loaded_at from s.t order by 1"
    stamps = warehouse.query(loaded_at)
    for _ in range(2):
        again = outcomes_of(warehouse, tmp_path)
        assert {o.status for o in again.values()} == {"unchanged"}
    assert warehouse.query(loaded_at) == stamps
    write(first, "id\n10\n11\n")
    assert outcomes_of(warehouse, tmp_path)["s/t/1.csv"].status == "replaced"
    assert rows_of(warehouse, "s.t", "id") == [("10",), ("11",), ("2",)]
    assert warehouse.query("select count(*) from cdp_state.cdp_quarantine") == [(0,)]


def test_a_file_that_is_gone_keeps_its_rows_until_pruned(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    write(tmp_path / "s/t/1.csv", "id\n1\n")
    gone = write(tmp_path / "s/t/2.csv", "id\n2\n")
    write(tmp_path / "other/t.csv", "id\n1\n")
    load(warehouse, tmp_path)
    gone.unlink()
    assert outcomes_of(warehouse, tmp_path)["s/t/2.csv"].status == "gone"
    assert len(rows_of(warehouse, "s.t", "id")) == 2
    outcomes = outcomes_of(warehouse, tmp_path, sources=["other"], prune=True)
    assert list(outcomes) == ["other/t.csv"]
    assert outcomes_of(warehouse, tmp_path, prune=True)["s/t/2.csv"].status == "pruned"
    assert rows_of(warehouse, "s.t", "id") == [("1",)]
    assert "s/t/2.csv" not in outcomes_of(warehouse, tmp_path)


def test_a_table_that_was_dropped_is_loaded_again(warehouse: Warehouse, tmp_path: Path) -> None:
    write(tmp_path / "s/t.csv", "id\n1\n")
    load(warehouse, tmp_path)
    warehouse.execute("drop table s.t")
    assert outcomes_of(warehouse, tmp_path)["s/t.csv"].status == "loaded"
    warehouse.execute("drop schema cdp_state cascade")
    assert outcomes_of(warehouse, tmp_path)["s/t.csv"].status == "loaded"
    assert rows_of(warehouse, "s.t", "id") == [("1",)]


DRIFT = {
    "1.parquet": {"id": pa.array([1, 2]), "when": pa.array([datetime(2024, 1, 1), None])},
    "2.parquet": {"id": pa.array([1.5]), "note": pa.nulls(1)},
    "3.parquet": {"id": pa.array(["x"]), "note": pa.array([5])},
    "4.csv": "id,when,extra\n007,2024-01-01T00:00:00Z,more\n",
}


@pytest.mark.parametrize("order", list(itertools.permutations(DRIFT))[::3])
def test_content_does_not_depend_on_the_order_of_files(
    warehouse: Warehouse, tmp_path: Path, order: tuple[str, ...]
) -> None:
    for name in order:
        path, content = tmp_path / "s/t" / name, DRIFT[name]
        if isinstance(content, str):
            write(path, content)
        else:
            write_parquet(path, **content)
        assert outcomes_of(warehouse, tmp_path)[f"s/t/{name}"].status == "loaded"
    rows = rows_of(warehouse, "s.t", "id", "note", "extra", "when")
    assert sorted(rows, key=str) == [
        ("007", None, "more", "2024-01-01T00:00:00Z"),
        ("1", None, None, "2024-01-01 00:00:00"),
        ("1.5", None, None, None),
        ("2", None, None, None),
        ("x", 5, None, None),
    ]


def test_a_replaced_file_may_have_other_columns_and_types(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    write_parquet(tmp_path / "s/t/1.parquet", id=["x"], old=[1])
    write_parquet(tmp_path / "s/t/2.parquet", id=[7], old=[2])
    load(warehouse, tmp_path)
    assert rows_of(warehouse, "s.t", "id", "old") == [("7", 2), ("x", 1)]
    write_parquet(tmp_path / "s/t/1.parquet", id=[8], new=["n"])
    assert outcomes_of(warehouse, tmp_path)["s/t/1.parquet"].status == "replaced"
    rows = rows_of(warehouse, "s.t", "id", "old", "new")
    assert sorted(rows, key=str) == [(7, 2, None), (8, None, "n")]


def test_a_corrupt_file_is_named_and_the_others_go_on(warehouse: Warehouse, tmp_path: Path) -> None:
    whole = write_parquet(tmp_path / "s/a.parquet", id=list(range(5000)))
    write(tmp_path / "s/b.parquet", whole.read_bytes()[:-100])
    broken = bytearray(whole.read_bytes())
    broken[200:4000] = bytes(3800)
    write(tmp_path / "s/c.parquet", bytes(broken))
    write(tmp_path / "s/d.csv.gz", gzip.compress(b"id\n" + os.urandom(5000).hex().encode())[:-900])
    write(tmp_path / "s/e.csv", "id\n1\n".encode("utf-16"))
    write(tmp_path / "s/f.csv", "id\n1\n")
    outcomes = outcomes_of(warehouse, tmp_path)
    failed = {name for name, outcome in outcomes.items() if outcome.status == "failed"}
    assert failed == {"s/b.parquet", "s/c.parquet", "s/d.csv.gz", "s/e.csv"}
    assert all(outcomes[name].reason for name in failed)
    tables = warehouse.query(
        "select table_name from information_schema.tables where table_schema = 's' order by 1"
    )
    assert tables == [("a",), ("f",)]


def test_a_replaced_file_that_is_corrupt_leaves_the_old_rows(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    path = write_parquet(tmp_path / "s/t.parquet", id=[1, 2])
    load(warehouse, tmp_path)
    write(path, path.read_bytes()[:-10])
    assert outcomes_of(warehouse, tmp_path)["s/t.parquet"].status == "failed"
    assert rows_of(warehouse, "s.t", "id") == [(1,), (2,)]


def test_a_table_that_somebody_else_made_is_not_touched(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.execute("create schema s; create table s.t (id text)")
    write(tmp_path / "s/t.csv", "id\n1\n")
    outcome = outcomes_of(warehouse, tmp_path)["s/t.csv"]
    assert outcome.reason is not None and "is not ours" in outcome.reason
    assert rows_of(warehouse, "s.t", "id") == []


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("cdp_state/t.csv", "no name for a source"),
        ("pg_catalog/t.csv", "no name for a source"),
        ('s"; drop/t.csv', "no name for a schema or table"),
        ("s/t x.csv", "no name for a schema or table"),
        ("t.csv", "holds no <source>/<table>"),
    ],
)
def test_a_name_that_will_not_do_is_refused_at_once(
    duckdb_project: Project, tmp_path: Path, place: str, message: str
) -> None:
    write(tmp_path / "in" / place, "id\n1\n")
    opened = duckdb_project.open()
    try:
        with pytest.raises(ConfigError, match=message):
            load(opened, tmp_path / "in")
    finally:
        opened.close()


def test_a_link_that_leads_out_is_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.csv", "id\n1\n")
    (tmp_path / "in/s").mkdir(parents=True)
    (tmp_path / "in/s/t.csv").symlink_to(secret)
    with pytest.raises(ConfigError, match="leads out"):
        load(warehouse, tmp_path / "in")


def test_the_command_reports_and_says_partial(
    project: Project, cdp_cli: Callable[..., Outcome], tmp_path: Path
) -> None:
    write(tmp_path / "in/s/t.csv", "id\n1\n1,2\n")
    done = cdp_cli("load", tmp_path / "in")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "1 quarantined" in done.stdout
    write(tmp_path / "in/s/u.parquet", "no parquet")
    partial = cdp_cli("load", tmp_path / "in", "--json")
    assert partial.exit_code == 5
    assert partial.stderr == "cdp: 1 of 2 files could not be loaded.\n"
    report = json.loads(partial.stdout)
    assert [file["status"] for file in report["files"]] == ["unchanged", "failed"]
    missing = cdp_cli("load", tmp_path / "nowhere")
    assert missing.exit_code == 2
    assert "There is no folder" in missing.stderr


class Interrupting(Silent):
    """Presses Ctrl-C once `after` bytes of a file are read."""

    def __init__(self, after: int) -> None:
        self._left = after

    def read(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("after", [10, 3_000_000])
def test_ctrl_c_leaves_whole_files_and_the_next_run_goes_on(
    warehouse: Warehouse, tmp_path: Path, after: int
) -> None:
    write(tmp_path / "s/a.csv", "id\n1\n")
    write(tmp_path / "s/t.csv", "id\n1\n")
    load(warehouse, tmp_path)
    write(tmp_path / "s/t.csv", "id,more\n" + "123456,abcdefgh\n" * 200_000)
    with pytest.raises(KeyboardInterrupt):
        load(warehouse, tmp_path, progress=Interrupting(after))
    assert rows_of(warehouse, "s.t", "id") == [("1",)]
    assert "more" not in warehouse.columns("s", "t")
    outcomes = outcomes_of(warehouse, tmp_path)
    assert [(o.status, o.rows, o.reason) for o in outcomes.values()] == [
        ("unchanged", 1, None),
        ("replaced", 200_000, None),
    ]
    assert warehouse.query("select count(*) from s.t") == [(200_000,)]


def test_a_file_that_changes_while_it_is_read_is_left_out(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    path = write(tmp_path / "s/t.csv", "id\n" + "1\n" * 100_000)

    class Appending(Silent):
        def begin(self, file: str) -> None:
            self.whole = True

        def read(self, size: int) -> None:
            if self.whole:
                self.whole = False
                path.write_text("id\n" + "2\n" * 100_001)

    [outcome] = load(warehouse, tmp_path, progress=Appending())[0]
    assert outcome.reason is not None
    assert "changed while it was read" in outcome.reason
    assert warehouse.columns("s", "t") == {}
