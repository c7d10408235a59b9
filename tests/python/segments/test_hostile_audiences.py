"""A hostile definition is refused, or bound as data: nothing of it reaches a warehouse as code.

Every text of the corpus is tried in every place of the format where a text can stand. What is
compiled is rendered by Jinja as dbt does, taken apart by a parser, and run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import pytest
import sqlglot
import yaml
from sqlglot import exp

from cdp.errors import ConfigError
from cdp.project import Project
from cdp.segments.check import audience_problems
from cdp.segments.compile import Compiler
from cdp.segments.documents import Document, read_document
from cdp.segments.explain import explain_audience
from cdp.segments.library import Library, as_dbt_bucket, as_dbt_ref
from cdp.segments.preview import preview
from cdp.segments.running import without_marks
from cdp.segments.spec import Audience
from cdp.warehouse import Warehouse
from segments.audience_world import NOW, World, catalogue

HEAD = {"version": 1, "label": "x", "owner": "x@example.com", "why": "x"}

CORPUS = [
    "'",
    "''",
    "'''",
    "' or '1'='1",
    "' or 1=1 --",
    "x' or true or city = 'x",
    "' ; select 1; --",
    "'; drop table audiences.profiles; --",
    "'); drop table audiences.profiles; --",
    "x'; delete from audiences.profiles where 'a'='a",
    "'; attach 'x.duckdb' as stolen; --",
    "'; copy audiences.profiles to 'stolen.csv'; --",
    "'; install httpfs; load httpfs; --",
    "'; create table stolen as select 1; --",
    "'; update audiences.profiles set visits = 0; --",
    "' union select city from audiences.profiles --",
    "' union all select version() --",
    "' || (select max(city) from audiences.profiles) || '",
    "' || pg_sleep(10) || '",
    "' || current_user || '",
    "' in (select city from audiences.profiles) --",
    "read_csv('/etc/passwd')",
    "' || (select content from read_text('/etc/passwd')) || '",
    "(select * from read_csv_auto('/etc/passwd'))",
    "pg_read_file('/etc/passwd')",
    "lo_import('/etc/passwd')",
    "getenv('HOME')",
    "' || getenv('HOME') || '",
    "$$",
    "$$; drop table audiences.profiles; $$",
    "$a$ or true $a$",
    "$1",
    "?",
    "? or true",
    ":name",
    "%(name)s",
    "%s",
    "{0}",
    "{name}",
    "--",
    "-- x",
    "/*",
    "*/",
    "/* x */",
    "*/ or true /*",
    "# x",
    ";",
    ";;",
    "; select 1",
    "\\",
    "\\'",
    "\\' or true --",
    "\\\\'",
    "\\x27 or true",
    '"',
    '" or ""="',
    '"; drop table audiences.profiles; --',
    "`",
    "` or true",
    "[x]",
    "x]",
    "E'\\x27'",
    "U&'\\0027'",
    "N'x'",
    "b'1'",
    "x'27'",
    "{{ 7 * 7 }}",
    "{{ env_var('HOME') }}",
    "{{ run_query('drop table audiences.profiles') }}",
    "{% do run_query('select 1') %}",
    "{%- set x = 1 -%}",
    "{# x #}",
    "{{{ x }}}",
    "{{",
    "}}",
    "{%",
    "%}",
    "{{ '{{ 7 * 7 }}' }}",
    "{",
    "{{ config(pre_hook='drop table audiences.profiles') }}",
    "'}}{{ 7 * 7 }}{{'",
    "' }) }} select 1 {{ config(meta={'x': '",
    "x', 'cdp_share': true, 'y': '",
    "\u2019 or 1=1",
    "\uff07 or 1=1",
    "\u202e' or 1=1",
    "\ufeff'",
    "\u2028; select 1",
    "\u00a0'",
    "%",
    "_",
    "!",
    "!%",
    "%' escape '!' or true --",
    "0x27",
    "null",
    "NULL",
    "true",
    "1 or 1=1",
    "1e309",
    "profile_id",
    "profiles.profile_id",
    "*",
    "clock.now_at",
    "visits) or (1=1",
    "a" * 400,
]
CONTROLS = ["\x00", "x\x00' or true", "x\n; select 1", "\r\n-- x", "\x1b[31m", "a\tb", "\x7f"]

PLACES: dict[str, Callable[[str], dict[str, Any]]] = {
    "is": lambda text: {"where": {"column": "city", "is": text}},
    "is_not": lambda text: {"where": {"column": "city", "is_not": text}},
    "in": lambda text: {"where": {"column": "city", "in": ["Ulm", text]}},
    "contains": lambda text: {"where": {"column": "city", "contains": text}},
    "starts_with": lambda text: {"where": {"column": "city", "starts_with": text}},
    "other column": lambda text: {"where": {"column": "visits", "at_least": {"column": text}}},
    "turnover": lambda text: {"where": {"column": "visits", "at_least": 0}, "turnover_pct": text},
    "exclusions": lambda text: {
        "where": {"column": "visits", "at_least": 0},
        "segment_exclusions": text,
    },
    "number": lambda text: {"where": {"column": "visits", "at_least": text}},
    "date": lambda text: {"where": {"column": "born_on", "at_least": text}},
    "because": lambda text: {"where": {"column": "visits", "at_least": 0, "because": text}},
    "label": lambda text: {"label": text, "where": {"column": "visits", "at_least": 0}},
    "why": lambda text: {"why": text, "where": {"column": "visits", "at_least": 0}},
    "column": lambda text: {"where": {"column": text, "is": 1}},
    "key": lambda text: {"where": {"column": "visits", text: 1}},
    "thing": lambda text: {"where": {"did": text}},
    "thing value": lambda text: {
        "where": {"did": "events", "where": {"column": "name", "is": text}}
    },
    "thing column": lambda text: {
        "where": {"did": "events", "sum": {"column": text, "at_least": 1}}
    },
    "days": lambda text: {"where": {"did": "events", "within_days": text}},
    "most": lambda text: {
        "where": {"did": "events", "most_frequent": {"column": "name", "is": text}}
    },
    "segment": lambda text: {"where": {"in_segment": text}},
    "exclude": lambda text: {"where": {"column": "visits", "at_least": 0}, "exclude": [text]},
    "columns": lambda text: {"where": {"column": "visits", "at_least": 0}, "columns": [text]},
    "top": lambda text: {
        "where": {"column": "visits", "at_least": 0},
        "top": {"count": 1, "by": text},
    },
    "per": lambda text: {
        "where": {"column": "visits", "at_least": 0},
        "top": {"count": 1, "by": "visits", "per": text},
    },
    "seed": lambda text: {
        "where": {"column": "visits", "at_least": 0},
        "sample": {"percent": 50, "seed": text},
    },
}
FUNCTIONS = {"Coalesce", "Sum", "Count", "RowNumber", "Bucket", "Cast", "Max", "Min", "And", "Or"}
TABLES = {"profiles", "events", "clock", "seg_one", "seg_two"}
ROWS_CTES = {"events_1", "events_1_values", "events_1_most", "people", "ranked"}


def compiled(place: str, text: str, folder: Path) -> str | None:
    """The model's SQL as dbt renders it; None: refused, in a sentence."""
    path = folder / "hostile.yml"
    path.write_text(yaml.safe_dump(HEAD | PLACES[place](text), allow_unicode=True), "utf-8")
    try:
        document = read_document(path, Path("audiences/hostile.yml"))
    except ConfigError as error:
        assert str(error).startswith("audiences/hostile.yml")
        return None
    assert isinstance(document.content, Audience)
    if audience_problems(document.content, catalogue()):
        return None
    return rendered(Compiler(catalogue(), as_dbt_ref, as_dbt_bucket).audience(document.content))


def rendered(template: str) -> str:
    """By Jinja, with nothing in reach but what a segment needs."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    cdp: Any = type("cdp", (), {"cdp_hash_bucket": lambda text, n: f"bucket({text}, {n})"})
    environment.globals = {"ref": lambda package, name: f"audiences.{name}", "cdp": cdp}
    return environment.from_string(template).render()


def assert_plain(sql: str) -> None:
    """One select over the known tables, with no function but the compiler's own."""
    statements = sqlglot.parse(sql, read="duckdb")
    assert len(statements) == 1
    (statement,) = statements
    assert isinstance(statement, exp.Select)
    assert {table.name for table in statement.find_all(exp.Table)} <= TABLES | ROWS_CTES
    for function in statement.find_all(exp.Func):
        name = function.name if isinstance(function, exp.Anonymous) else type(function).__name__
        assert name in FUNCTIONS | {"bucket"}, name


@pytest.mark.parametrize("place", PLACES)
def test_hostile_text_is_refused_or_only_data(place: str, tmp_path: Path) -> None:
    assert len(set(CORPUS)) > 60
    for text in CORPUS + CONTROLS:
        sql = compiled(place, text, tmp_path)
        if sql is not None:
            assert_plain(sql)


def test_hostile_text_is_found_as_it_stands(warehouse: Warehouse, tmp_path: Path) -> None:
    """A person lives in each of these cities: the audience of a city finds her alone."""
    warehouse.execute("create schema audiences")
    empty = dict.fromkeys(["visits", "spent", "is_member", "born_on", "seen_at"])
    people = [
        {"profile_id": f"p{number}", "city": text, **empty} for number, text in enumerate(CORPUS)
    ]
    World(profiles=people).write(warehouse)
    for number, text in enumerate(CORPUS):
        for place in ("is", "contains"):
            sql = compiled(place, text, tmp_path)
            assert sql is not None, text
            found = {row[0] for row in warehouse.query(without_marks(sql))}
            expected = {p["profile_id"] for p in people if p["city"] == text or (
                place == "contains" and text in str(p["city"]))}  # fmt: skip
            assert found == expected, f"{number}: {text}"
    assert warehouse.query("select count(*) from audiences.profiles") == [(len(CORPUS),)]


def test_a_preview_and_an_explanation_take_it_as_it_stands(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """One person lives in each of these cities, has an event of that name, and a because."""
    warehouse.execute("create schema audiences")
    empty = dict.fromkeys(["visits", "spent", "is_member", "born_on", "seen_at"])
    world = World(
        profiles=[{"profile_id": text, "city": text, **empty} for text in CORPUS],
        events=[
            {"profile_id": text, "name": text, "occurred_at": NOW, "amount": 1, "is_void": False}
            for text in CORPUS
        ],
    )
    world.write(warehouse)
    project = Project(tmp_path, "demo", {}, {}, ())
    for text in CORPUS:
        city = {"column": "city", "is": text, "because": text}
        event = {"did": "events", "where": {"column": "name", "is": text}}
        audience = Audience.model_validate(HEAD | {"where": {"all": [city, event]}})
        document = Document(tmp_path / "hostile.yml", "hostile", audience)
        known = replace(catalogue(), segments={"seg_hostile": catalogue().segments["seg_one"]})
        library = Library(tmp_path, known, (document,))
        assert preview(project, library, document, warehouse).people == 1, text
        held = explain_audience(library, document, text, warehouse)
        assert [(one.value, one.held) for one in held] == [(text, True), (1, True)]
    assert warehouse.query("select count(*) from audiences.profiles") == [(len(CORPUS),)]


@pytest.mark.parametrize("text", CONTROLS)
def test_control_characters_are_refused(text: str, tmp_path: Path) -> None:
    for place in ("is", "in", "contains", "because", "label", "why"):
        assert compiled(place, text, tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        "a: &a [x, x]\nb: [*a, *a]",
        "version: 1\nversion: 1",
        "!!python/object/apply:os.system ['true']",
        "version: 1\nwhere: " + "{all: [" * 300 + "]}" * 300,
        "version: .nan",
        "- just\n- a list",
        "\x00",
        "where: {column: visits, at_least: .inf}",
        "{",
    ],
)
def test_hostile_yaml_is_refused_in_a_sentence(content: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.yml"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigError, match=r"audiences/hostile\.yml"):
        read_document(path, Path("audiences/hostile.yml"))


@pytest.mark.parametrize(
    "name",
    [
        "a b", "a'b", "A", "a;b", "a{{b", "1a", "a" * 60, "a--b", "a$$b", "a.b", "ü", "",
        "a; drop table x", "{{ env_var('HOME') }}", "read_csv('x')", "a\nb",
    ],
)  # fmt: skip
def test_a_hostile_file_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="name becomes the segment's"):
        read_document(tmp_path / f"{name}.yml", Path("audiences") / f"{name}.yml")
