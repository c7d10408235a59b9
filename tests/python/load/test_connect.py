"""Finding connectors, writing the control panel, auditing what is there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from cdp.connect import connect, write_sources
from cdp.declared import SourceTable, read_packages, read_sources
from cdp.errors import ConfigError
from cdp.warehouse import Warehouse, quoted
from support.project import ROOT, Outcome, Project

DECLARED = read_sources(read_packages(ROOT))


def land(
    warehouse: Warehouse, schema: str, source: str, without: tuple[str, ...] = ()
) -> list[SourceTable]:
    """Empty tables as the connector of `source` lands them, but for table or table.column."""
    warehouse.execute(f"create schema {quoted(schema)}")
    landed = [table for table in DECLARED[source] if table.name not in without]
    for table in landed:
        columns = [c.name for c in table.columns if f"{table.name}.{c.name}" not in without]
        warehouse.execute(
            f"create table {quoted(schema, table.name)} "
            f"({', '.join(f'{quoted(name)} text' for name in [*columns, '_fivetran_extra'])})"
        )
    return landed


@pytest.mark.parametrize("source", sorted(DECLARED))
def test_every_source_is_found_under_another_name(duckdb_project: Project, source: str) -> None:
    opened = duckdb_project.open()
    land(opened, "landing_7", source)
    finding = connect(ROOT, opened)
    opened.close()
    assert finding.sources[source]["schemas"] == ["landing_7"]
    assert len(finding.matches) == 1


def test_what_a_schema_lacks_is_told(warehouse: Warehouse) -> None:
    land(
        warehouse, "fivetran_shopify_us", "shopify", without=("order_line_refund", "customer.email")
    )
    land(warehouse, "fivetran_shopify_eu", "shopify")
    warehouse.execute("create schema accounting; create table accounting.ledger (id integer)")
    finding = connect(ROOT, warehouse)
    schemas = ["fivetran_shopify_eu", "fivetran_shopify_us"]
    assert finding.sources == {"shopify": {"schemas": schemas}}
    assert finding.others == ("accounting",)
    whole, lacking = finding.matches
    assert (whole.missing_tables, whole.missing_columns) == ((), {})
    assert lacking.missing_tables == ("order_line_refund",)
    assert lacking.missing_columns == {"customer": ("email",)}
    assert lacking.starved == ("refunds",)


def test_a_missing_table_that_only_enriches_starves_nothing(duckdb_project: Project) -> None:
    opened = duckdb_project.open()
    land(opened, "pos", "pos", without=("products", "stores"))
    (match,) = connect(ROOT, opened).matches
    opened.close()
    assert match.starved == ("products",)


def test_an_empty_warehouse_has_no_connector(
    project: Project, cdp_cli: Callable[..., Outcome]
) -> None:
    assert "No schema of a known connector" in cdp_cli("connect").stdout
    wrong = cdp_cli("connect", "--database", "nowhere")
    assert wrong.exit_code == 2
    assert "nowhere" in wrong.stderr


PANEL = """\
name: shop   # keep me
vars:
  # the panel
  cdp:
    cdp_sources:     # where connectors land
      shopify: {}
      # gone
      zendesk: {}

    # after
    cdp_inputs: {}
"""


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (PANEL, ["# keep me", "# the panel", "# after", "    cdp_inputs: {}"]),
        ("name: shop\nvars:\n  cdp_sources: {}\n  other: 1\n", ["  other: 1"]),
        ("name: shop\nvars:\n  other: 1  # mine\n", ["  other: 1  # mine"]),
        ("name: shop\n", ["name: shop"]),
    ],
)
def test_writing_changes_only_the_sources(tmp_path: Path, text: str, kept: list[str]) -> None:
    path = tmp_path / "dbt_project.yml"
    path.write_text(text)
    sources = {"pos": {}, "shopify": {"schemas": ["a", "b"], "brand": {"a": "Larkspur: EU"}}}
    write_sources(tmp_path, sources)
    written = path.read_text()
    panel = yaml.safe_load(written)["vars"]
    assert (panel.get("cdp") or panel)["cdp_sources"] == sources
    assert all(line in written for line in kept)
    write_sources(tmp_path, sources)
    assert path.read_text() == written
    assert [file.name for file in tmp_path.iterdir()] == ["dbt_project.yml"]


def test_a_form_that_cannot_be_edited_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "dbt_project.yml"
    path.write_text("name: shop\nvars: {cdp_sources: {}}\n")
    with pytest.raises(ConfigError, match="Paste it in"):
        write_sources(tmp_path, {"pos": {}})
    assert path.read_text() == "name: shop\nvars: {cdp_sources: {}}\n"


def test_the_shipped_panel_can_be_written(
    duckdb_project: Project, cdp_cli: Callable[..., Outcome], tmp_path: Path
) -> None:
    opened = duckdb_project.open()
    land(opened, "web", "web")
    opened.close()
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("models", "macros", "seeds", "profiles.yml"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "dbt_project.yml", folder)
    outcome = cdp_cli("connect", "--write", "--json", directory=folder)
    assert outcome.exit_code == 0, outcome.stderr
    before, after = (
        yaml.safe_load((place / "dbt_project.yml").read_text())["vars"]["cdp"]
        for place in (ROOT, folder)
    )
    brand = before["cdp_sources"]["web"]["brand"]
    assert after == before | {"cdp_sources": {"web": {"brand": brand}}}
    assert json.loads(outcome.stdout)["sources"] == after["cdp_sources"]


def test_the_audit_counts_and_shows_no_value(
    project: Project, cdp_cli: Callable[..., Outcome]
) -> None:
    opened = project.open()
    opened.execute(
        "create schema shopify; create table shopify.customer "
        "(id text, email text, phone text, updated_at timestamp)"
    )
    people = {
        "id": ["1", "2", "3", "4", "5"],
        "email": ["Ana@canary.example", " ana@canary.example", "no mail", "test@example.com", ""],
        "phone": ["+1 (555) 010-7788", "none", "0000000000", None, None],
        "updated_at": [datetime(2017, 12, day) for day in range(1, 6)],
    }
    opened.append("shopify.customer", pa.table(people))
    opened.close()
    outcome = cdp_cli("audit", "--json")
    [table] = json.loads(outcome.stdout)
    assert (table["table"], table["rows"], table["days_old"]) == ("customer", 5, 27.2)
    email, phone = table["identifiers"]
    assert (email["filled"], email["distinct"], email["repeated"], email["most_rows"]) == (
        4,
        3,
        1,
        2,
    )
    assert email["valid"] in (2, 3)
    assert (phone["filled"], phone["valid"]) == (3, 1)
    shown = cdp_cli("audit")
    assert "shopify.customer" in shown.stdout
    assert "canary" not in outcome.stdout + shown.stdout
