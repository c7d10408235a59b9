"""Making the demo: what it writes, again and again the same, and never half of it."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import cdp.demo
from cdp.cli import cli
from cdp.demo import generate
from cdp.demo.purchases import load
from cdp.errors import ConfigError
from demo.query import ask, one

# Tables that are the same in every world.
CATALOGUES = {
    *("product", "campaigns", "campaign", "metric", "list", "plan", "organization"),
    *(
        "deal_pipeline_stage",
        "email_campaign",
        "campaign_history",
        "ad_history",
        "account_history",
        "fx_rates",
    ),
    *("campaign_targets", "coupon_redemptions"),
}
ROOT = Path(__file__).parents[3]
SOURCES = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
COLUMNS = json.loads((Path(__file__).parent / "fivetran_columns.json").read_text(encoding="utf-8"))


def listed_tables() -> set[str]:
    plain = re.sub(r" \([^()]*\)", "", SOURCES)
    rows = re.findall(r"^\| (\w+) \| ([\w, ]+) \| [\w, ]+ \|$", plain, re.MULTILINE)
    return {
        f"{source}.{table.strip()}"
        for source, tables in rows
        if source != "source"
        for table in tables.split(",")
    }


def written_tables(demo: Path) -> dict[str, list[str]]:
    return {
        f"{folder.parent.name}.{folder.name}": pq.read_schema(next(folder.glob("*.parquet"))).names
        for folder in (demo / "raw").glob("*/*")
    }


def digests(demo: Path) -> dict[str, str]:
    return {
        str(file.relative_to(demo)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(demo.rglob("*.parquet"))
    }


def test_writes_every_table_that_the_sources_page_lists(small: Path) -> None:
    assert set(written_tables(small)) == listed_tables()
    assert len(listed_tables()) > 70


def test_saas_tables_have_no_column_that_the_connector_does_not_land(small: Path) -> None:
    strange = {
        table: unknown
        for table, columns in written_tables(small).items()
        if table in COLUMNS and (unknown := set(columns) - set(COLUMNS[table].split()))
    }
    assert strange == {}


def test_our_own_tables_have_the_columns_of_the_sources_page(small: Path) -> None:
    rows = re.findall(r"^\| (\w+)\.(\w+) \| (.+) \|$", SOURCES, re.MULTILINE)
    rows = [row for row in rows if row[0] not in ("web", "app", "ga4")]
    tables = written_tables(small)
    for source, table, text in rows:
        wanted = set(re.sub(r"\([^()]*\)", "", text).replace(" ", "").split(","))
        assert set(tables[f"{source}.{table}"]) == wanted
    assert len(rows) == 15


def test_same_arguments_give_the_same_bytes_and_another_seed_does_not(
    small: Path, tmp_path: Path
) -> None:
    generate(tmp_path / "again", 120, seed=1)
    generate(tmp_path / "other", 120, seed=2)
    assert digests(tmp_path / "again") == digests(small)
    same = digests(tmp_path / "other").items() & digests(small).items()
    assert all("/pos/" in name or name.split("/")[2] in CATALOGUES for name, _ in same)


def test_a_later_day_adds_parts_and_changes_only_a_few_records(small: Path, tmp_path: Path) -> None:
    generate(tmp_path / "later", 120, day=date(2018, 1, 3))
    before, after = digests(small), digests(tmp_path / "later")
    parts = set(after) - set(before)
    assert {name.split("/")[-1] for name in parts} == {
        "day-2018-01-02.parquet",
        "day-2018-01-03.parquet",
    }
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {
        "raw/loyalty/members/part-00000.parquet",
        "raw/shopify/customer/part-00000.parquet",
        "raw/finance/fx_rates/part-00000.parquet",
    }
    newest = one(tmp_path / "later", "select max(transacted_at) from {pos.transactions}")
    assert newest.date() in (date(2018, 1, 2), date(2018, 1, 3))
    assert not ask(
        tmp_path / "later",
        "select transaction_id from {pos.transactions} group by 1 having count(*) > 1",
    )


def test_records_that_a_later_day_changes_say_so(tmp_path: Path) -> None:
    generate(tmp_path / "now", 400)
    generate(tmp_path / "later", 400, day=date(2018, 1, 2))
    rows = "select loyalty_id, tier, updated_at from {loyalty.members} order by 1"
    pairs = list(zip(ask(tmp_path / "now", rows), ask(tmp_path / "later", rows), strict=True))
    changed = [after for before, after in pairs if before != after]
    assert 0 < len(changed) < 30
    assert {updated.date() for _, _, updated in changed} == {date(2018, 1, 2)}


def test_more_people_than_households_are_copies_with_baskets_of_their_own(tmp_path: Path) -> None:
    households = len(load().households)
    generate(tmp_path / "more", households + 60)
    clones = "select count(*) from {pos.transactions} where transaction_id like '%-%'"
    assert one(tmp_path / "more", clones) > 100
    assert not ask(
        tmp_path / "more",
        "select transaction_id from {pos.transactions} group by 1 having count(*) > 1",
    )
    assert not ask(
        tmp_path / "more", "select id from {shopify.order} group by 1 having count(*) > 1"
    )


@pytest.mark.parametrize("people", [1, 2, 3, 7])
def test_a_demo_of_a_few_people_has_every_table(tmp_path: Path, people: int) -> None:
    generate(tmp_path / "few", people)
    assert set(written_tables(tmp_path / "few")) == listed_tables()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [({"people": 0}, "from 1 up"), ({"day": date(2017, 12, 31)}, "2018-01-01 or later")],
)
def test_arguments_without_sense_are_refused(
    tmp_path: Path, arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        generate(tmp_path / "out", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="choose another --out"):
        generate(tmp_path / "mine", 5)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_a_file_in_the_place_of_a_parent_directory_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        generate(tmp_path / "file" / "out", 5)


def interrupted(done: int, total: int) -> None:
    raise KeyboardInterrupt


def failing(done: int, total: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("progress", "error"), [(interrupted, KeyboardInterrupt), (failing, ConfigError)]
)
def test_a_run_that_ends_early_leaves_what_was_there(
    tmp_path: Path, progress: Callable[[int, int], None], error: type[BaseException]
) -> None:
    generate(tmp_path / "out", 5)
    before = digests(tmp_path / "out")
    with pytest.raises(error):
        generate(tmp_path / "out", 6, progress=progress)
    assert digests(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_progress_ends_at_all_people(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    generate(tmp_path / "out", 20, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (23, 23)


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(cli, ["demo", "--people", "5", "--out", str(tmp_path / "out")])
    assert outcome.exit_code == 0
    assert re.fullmatch(r"[\d,]+ rows in \d+ tables: .*out/raw\n", outcome.output)


def test_the_demo_shares_no_code_with_the_product() -> None:
    modules = Path(cdp.demo.__file__).parent.rglob("*.py")
    imported = {
        node.module
        for module in modules
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
    }
    ours = {name for name in imported if name.startswith("cdp") and not name.startswith("cdp.demo")}
    assert ours == {"cdp.errors"}
