"""What every destination declares, and the pages that are made of it."""

from __future__ import annotations

from datetime import date

import pytest
import yaml

from activation.world import model
from cdp.activation.reading import sync_problems
from cdp.destinations import find_destination, known_destinations
from cdp.destinations._base import REASONS, Destination
from cdp.destinations._page import meanings, page
from cdp.project import Column, Exposure, Node, Project
from destinations.servers import benches
from support.project import ROOT

NAMES = known_destinations()


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def kind(name: str) -> type[Destination]:
    return find_destination(name)


def test_every_destination_has_a_bench() -> None:
    assert [bench.destination for bench in benches()] == NAMES


def test_it_says_what_it_is(kind: type[Destination]) -> None:
    for sentence in (kind.summary, kind.erases):
        assert sentence.endswith("."), sentence
    assert kind.title
    assert kind.facts
    assert date.fromisoformat(kind.known_on)
    assert all(fact.statement and fact.source for fact in kind.facts)
    assert set(kind.reasons.values()) <= set(REASONS)
    assert kind.default_object in {*(kind.objects or ()), ""} or kind.objects is None


def test_every_option_is_explained(kind: type[Destination]) -> None:
    assert set(meanings(kind.options)) == set(kind.options.model_fields)


def test_the_page_is_of_today(name: str, kind: type[Destination]) -> None:
    """Made anew by `cdp destinations docs`."""
    path = ROOT / f"docs/destinations/{name}.md"
    assert path.read_text(encoding="utf-8") == page(name, kind)


def test_no_page_without_its_module() -> None:
    assert sorted(path.stem for path in (ROOT / "docs/destinations").glob("*.md")) == NAMES


def test_the_example_is_a_sound_sync(name: str, kind: type[Destination]) -> None:
    """Of a segment without columns of its own: those of cdp_profiles that it shares."""
    meta = dict(kind.example)
    assert meta["cdp_destination"] == name
    seed = ("cdp_purposes", "cdp", "seed", "cdp_internal", "cdp_purposes")
    nodes = [
        model("seg_x", "cdp_segments"),
        model("cdp_profiles", "cdp", shared_columns()),
        Node("seed.cdp.cdp_purposes", *seed, "seeds/reference/cdp_purposes.csv"),
    ]
    parents = ("model.cdp.seg_x", "model.cdp.cdp_profiles")
    exposure = Exposure("x_to_y", "models/syncs/x_to_y.yml", "X", parents, meta)
    live = {"cdp_live_targets": ["prod"]}
    project = Project(ROOT, "prod", live, {node.unique_id: node for node in nodes}, (exposure,))
    assert list(sync_problems(project, exposure)) == []


def shared_columns() -> dict[str, Column]:
    """Those of cdp_profiles that may leave the warehouse, by its YAML."""
    text = (ROOT / "models/profiles/_profiles.yml").read_text(encoding="utf-8")
    models = yaml.load(text, yaml.CSafeLoader)["models"]
    (profiles,) = (found for found in models if found["name"] == "cdp_profiles")
    return {
        column["name"]: Column(column["name"], is_shared=True)
        for column in profiles["columns"]
        if column.get("config", {}).get("meta", {}).get("cdp_share")
    }
