"""Fault 20: whatever stands in a file, its rows are loaded or quarantined, and add up."""

from __future__ import annotations

import codecs
import csv
import io
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp.load import load
from cdp.load._csv import CsvReader
from cdp.load._json import JsonReader
from cdp.load._rows import Reader
from cdp.warehouse import Warehouse

RTL, NFD = "\u202eevil\u200b", unicodedata.normalize("NFD", "Zoë")

GOOD_HEADER = "id,name,note\n"
BIG_CELL = "x" * (10 << 20)

# name -> bytes, rows that must be loaded, lines that must be quarantined with a reason like
CSV_CASES: dict[str, tuple[bytes, list[tuple[object, ...]], dict[int, str]]] = {
    "byte order mark": (
        codecs.BOM_UTF8 + f"{GOOD_HEADER}1,Ana,x\n".encode(),
        [("1", "Ana", "x")],
        {},
    ),
    "carriage returns": (
        b'id,name,note\r\n1,Ana,x\r\n2,Bo,"two\r\nlines"\r\n',
        [("1", "Ana", "x"), ("2", "Bo", "two\r\nlines")],
        {},
    ),
    "a quote never closed": (
        f'{GOOD_HEADER}1,Ana,x\n2,"Bo,y\n3,Cy,z\n4,"D, y",z\n5,E,z\n'.encode(),
        [("1", "Ana", "x"), ("3", "Cy", "z"), ("4", "D, y", "z"), ("5", "E", "z")],
        {3: "quote"},
    ),
    "a quote never closed, up to the end": (
        f'{GOOD_HEADER}1,Ana,x\n2,"Bo,y\n3,Cy,z\n'.encode(),
        [("1", "Ana", "x"), ("3", "Cy", "z")],
        {3: "quote"},
    ),
    "a quote within a cell": (
        f'{GOOD_HEADER}1,5\'10" tall,x\n2,"says ""hi""",y\n'.encode(),
        [("1", "5'10\" tall", "x"), ("2", 'says "hi"', "y")],
        {},
    ),
    "NUL": (f"{GOOD_HEADER}1,A\0na,x\n2,Bo,y\n".encode(), [("2", "Bo", "y")], {2: "NUL"}),
    "not UTF-8": (
        f"{GOOD_HEADER}1,".encode() + "José".encode("latin-1") + b",x\n2,Bo,y\n",
        [("2", "Bo", "y")],
        {2: "UTF-8"},
    ),
    "directions and forms": (
        f"{GOOD_HEADER}1,{RTL},{NFD}\n2,{unicodedata.normalize('NFC', NFD)},\u200d\n".encode(),
        [("1", RTL, NFD), ("2", "Zoë", "\u200d")],
        {},
    ),
    "too few and too many cells": (
        f"{GOOD_HEADER}1,Ana\n\n2,Bo,y\n3,C,z,w\n".encode(),
        [("2", "Bo", "y")],
        {2: "2 cells", 5: "4 cells"},
    ),
    "a carriage return inside": (
        f"{GOOD_HEADER}1,A\rna,x\n2,Bo,y\n".encode(),
        [("2", "Bo", "y")],
        {2: "carriage return"},
    ),
    "a cell of 10 MB": (
        f"{GOOD_HEADER}1,{BIG_CELL},x\n2,Bo,y\n".encode(),
        [("1", BIG_CELL, "x"), ("2", "Bo", "y")],
        {},
    ),
    "a cell over the limit": (
        f"{GOOD_HEADER}1,{BIG_CELL * 4},x\n2,Bo,y\n".encode(),
        [("2", "Bo", "y")],
        {2: "longer than"},
    ),
    "semicolons": (b"id;name;note\n1;A,B;x\n", [("1", "A,B", "x")], {}),
}

NESTED = "[" * 1000 + "]" * 1000

JSON_CASES: dict[str, tuple[bytes, list[tuple[object, ...]], dict[int, str]]] = {
    "NaN and infinity": (
        b'{"id": NaN}\n{"id": -Infinity}\n{"id": 1}\n',
        [("1",)],
        {1: "NaN", 2: "-Infinity"},
    ),
    "depth 1000": (
        f'{{"id": {NESTED}}}\n{{"id": "{NESTED}"}}\n'.encode(),
        [(NESTED,)],
        {1: "nested deeper"},
    ),
    "duplicate keys": (
        b'{"id": 1, "id": 2}\n{"id": {"a": 1, "a": 2}}\n{"id": {"a": {}, "b": {}}}\n',
        [('{"a":{},"b":{}}',)],
        {1: "twice", 2: "twice"},
    ),
    "long numbers": (
        b'{"id": 12345678901234567890}\n{"id": 0.10000000000000000001}\n{"id": 1e999}\n',
        [("12345678901234567890",), ("0.10000000000000000001",), ("1e999",)],
        {},
    ),
    "no objects": (
        b'[1]\n"x"\n{"id": 1\nnull\n{"id": 2}\n',
        [("2",)],
        {1: "object", 2: "object", 3: "not JSON", 4: "object"},
    ),
    "characters": (
        b'\xef\xbb\xbf{"id": "a\\u0000"}\n{"id": "\\ud800"}\n{"id": "\xff"}\n{"id": "\\u00e9"}\r\n',
        [("é",)],
        {1: "NUL", 2: "surrogate", 3: "UTF-8"},
    ),
}


def quarantined(warehouse: Warehouse) -> dict[int, str]:
    return dict(warehouse.query("select line, reason from cdp_state.cdp_quarantine"))


def check(
    warehouse: Warehouse,
    folder: Path,
    rows: list[tuple[object, ...]],
    bad: dict[int, str],
    columns: str,
) -> None:
    [outcome] = load(warehouse, folder)[0]
    assert (outcome.status, outcome.rows, outcome.quarantined) == ("loaded", len(rows), len(bad))
    loaded = warehouse.query(f"select {columns} from s.t")
    assert sorted(loaded, key=str) == sorted(rows, key=str)
    reasons = quarantined(warehouse)
    assert sorted(reasons) == sorted(bad)
    assert all(part in reasons[line] for line, part in bad.items())


@pytest.mark.parametrize("case", CSV_CASES)
def test_a_bad_csv_row_costs_itself_alone(warehouse: Warehouse, tmp_path: Path, case: str) -> None:
    content, rows, bad = CSV_CASES[case]
    (tmp_path / "s").mkdir()
    (tmp_path / "s/t.csv").write_bytes(content)
    check(warehouse, tmp_path, rows, bad, "id, name, note")


@pytest.mark.parametrize("case", JSON_CASES)
def test_a_bad_json_row_costs_itself_alone(warehouse: Warehouse, tmp_path: Path, case: str) -> None:
    content, rows, bad = JSON_CASES[case]
    (tmp_path / "s").mkdir()
    (tmp_path / "s/t.jsonl").write_bytes(content)
    check(warehouse, tmp_path, rows, bad, "id")


def test_a_bad_parquet_row_costs_itself_alone(warehouse: Warehouse, tmp_path: Path) -> None:
    raw = pa.array([b"good", b"\xff", None, b"n\0l", "é".encode()], pa.binary())
    (tmp_path / "s").mkdir()
    pq.write_table(pa.table({"id": raw.view(pa.string())}), tmp_path / "s/t.parquet")
    rows: list[tuple[object, ...]] = [("good",), (None,), ("é",)]
    check(warehouse, tmp_path, rows, {2: "UTF-8", 4: "NUL"}, "id")


def test_names_of_columns_are_made_distinct(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s/t.csv").write_text('Email, email ,,"E""x",_cdp_file\na,b,c,d,e\n')
    load(warehouse, tmp_path)
    names = list(warehouse.columns("s", "t"))
    expected = ["email", "email_2", "column_3", 'e"x', "_cdp_file_2", "_cdp_file", "_cdp_loaded_at"]
    assert names == expected


def test_no_value_reaches_the_report(
    warehouse: Warehouse, cdp_cli: Callable[..., object], tmp_path: Path
) -> None:
    warehouse.close()
    (tmp_path / "s").mkdir()
    (tmp_path / "s/t.csv").write_text('id,mail\n1,canary@example.com,x\n2,"canary@example.com\n')
    (tmp_path / "s/u.jsonl").write_text('{"canary@example.com": canary}\n{"a": 1, "a": "canary"}\n')
    said = str(cdp_cli("load", tmp_path))
    assert "2 quarantined" in said or "4 quarantined" in said
    assert "canary" not in said


def read_all(reader: Reader) -> tuple[int, list[int], list[dict[str, object]]]:
    rows: list[dict[str, object]] = []
    lines: list[int] = []
    for chunk in reader.chunks():
        rows += chunk.data.to_pylist()
        lines += [reject.line for reject in chunk.rejects]
    return len(rows) + len(lines), lines, rows


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
ROWS = st.lists(st.tuples(CELLS, CELLS), max_size=20)


@given(ROWS)
def test_what_a_csv_writer_writes_is_read_back(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "name"), *rows])
    path = tmp_path / "t.csv"
    path.write_bytes(text.getvalue().encode())
    total, lines, read = read_all(CsvReader(path, lambda _: None))
    assert (total, lines) == (len(rows), [])
    assert [(row["id"] or "", row["name"] or "") for row in read] == rows


DAMAGED = [b'9,"open', b"9,\xff\xfe", b"9", b"9,8,7", b"\0,", b'"9"x,']


@given(ROWS, st.data())
def test_one_damaged_line_costs_no_other(
    tmp_path: Path, rows: list[tuple[str, str]], data: st.DataObject
) -> None:
    plain = [
        (str(i), a.translate({ord(c): "_" for c in ',"\r\n;|\t'})) for i, (a, _) in enumerate(rows)
    ]
    lines = [f"{number},{name}".encode() for number, name in plain]
    damage = data.draw(
        st.sampled_from([b'9,"open', b"9,\xff\xfe", b"9", b"9,8,7", b"\0,", b'"9"x,'])
    )
    place = data.draw(st.integers(0, len(lines)))
    path = tmp_path / "t.csv"
    path.write_bytes(b"\n".join([b"id,name", *lines[:place], damage, *lines[place:]]) + b"\n")
    total, bad, read = read_all(CsvReader(path, lambda _: None))
    assert (total, bad) == (len(rows) + 1, [place + 2])
    assert [(row["id"], row["name"] or "") for row in read] == plain


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | CELLS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CELLS, inner, max_size=3),
    max_leaves=8,
)


OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON_VALUES, min_size=1)


@given(st.lists(OBJECTS | st.binary(max_size=12)))
def test_json_rows_add_up(tmp_path: Path, content: list[dict[str, object] | bytes]) -> None:
    content = [{"a": "first"}, *content]
    lines = [
        part.replace(b"\n", b"") if isinstance(part, bytes) else json.dumps(part).encode()
        for part in content
    ]
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"\n".join(lines))
    good = [part for part in content if isinstance(part, dict)]
    total, bad, read = read_all(JsonReader(path, lambda _: None))
    blank = sum(not line.decode("utf-8", "replace").strip() for line in lines)
    assert total == len(lines) - blank
    assert total - len(bad) >= len(good)
    for row, expected in zip(read, good, strict=True) if len(read) == len(good) else ():
        assert {key: _as_text(value) for key, value in expected.items()} == {
            key: row[key] if isinstance(value, str | None) else _as_text(json.loads(str(row[key])))
            for key, value in expected.items()
        }


def _as_text(value: object) -> object:
    return value if isinstance(value, str | None) else json.dumps(value, sort_keys=True)
