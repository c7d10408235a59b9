"""What `cdp segment list` and `show` tell, over statistics that can be checked by hand."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from cdp.errors import ConfigError
from cdp.project import Exposure, Node
from cdp.project import Project as Facts
from cdp.segments import asking
from support.project import Project

NOW = datetime(2018, 1, 31, 6)
TABLES = {
    "cdp_clock": ("now_at timestamp", [(NOW,)]),
    "cdp_segment_stats": (
        "segment text, day date, size int, entered int, exited int, is_within_turnover boolean,"
        " stability float",
        [
            ("seg_lively", date(2017, 12, 1), 8, 8, 0, True, None),
            ("seg_lively", date(2018, 1, 20), 6, 1, 3, False, None),
            ("seg_lively", date(2018, 1, 31), 6, 0, 0, True, 0.5),
            ("seg_stale", date(2017, 12, 1), 5, 5, 0, None, None),
            ("seg_stale", date(2018, 1, 31), 5, 0, 0, None, 1.0),
            ("seg_empty", date(2017, 12, 1), 1, 1, 0, None, None),
            ("seg_empty", date(2018, 1, 20), 0, 0, 1, None, None),
            ("seg_unbuilt", date(2018, 1, 31), 0, 0, 0, None, None),
        ],
    ),
    "cdp_segment_memberships": ("segment text", []),
    "cdp_segment_flows": (
        "day date, from_segment text, to_segment text, people int",
        [
            (date(2018, 1, 20), "seg_empty", "seg_lively", 1),
            (date(2017, 12, 1), "seg_empty", "seg_lively", 7),
        ],
    ),
    "cdp_segment_overlaps": (
        "segment text, other_segment text, people int, share_of_segment float",
        [("seg_lively", "seg_lively", 6, 1.0), ("seg_lively", "seg_stale", 3, 0.5)],
    ),
}


def segment(name: str, **meta: object) -> Node:
    return Node(
        f"model.shop.{name}", name, "shop", "model", "cdp_segments", name, f"{name}.sql", meta=meta
    )


@pytest.fixture
def shop(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    warehouse = project.open()
    warehouse.execute("create schema cdp")
    for name, (columns, rows) in TABLES.items():
        warehouse.execute(f"create table cdp.{name} ({columns})")
        for row in rows:
            marks = ", ".join("?" for _ in row)
            warehouse.execute(f"insert into cdp.{name} values ({marks})", row)
    warehouse.close()
    nodes = [segment("seg_lively", cdp_turnover_pct=10), segment("seg_stale")]
    nodes += [segment("seg_empty"), segment("seg_unbuilt")]
    sync = Exposure("lively_to_x", "x.yml", "L", (nodes[0].unique_id,), {"cdp_mode": "mirror"})
    facts = Facts(
        project.directory,
        project.target,
        {"cdp_segments": [node.full_name for node in nodes]},
        {node.unique_id: node for node in nodes},
        (sync,),
    )
    monkeypatch.setattr(asking, "load_project", lambda *_: facts)
    return project


def test_each_segment_says_how_it_moved_and_what_to_mend(shop: Project) -> None:
    found = {one.segment: one for one in asking.overview(shop.directory, shop.target)}
    lively = found["seg_lively"]
    assert (lively.people, lively.entered_30_days, lively.exited_30_days) == (6, 1, 3)
    assert lively.turnover == 3 / 9
    assert lively.last_moved == date(2018, 1, 20)
    assert (lively.declared_turnover, lively.days_over) == (0.1, 1)
    assert lively.syncs == ("lively_to_x",)
    unused = "no sync uses it"
    assert {name: one.problems for name, one in found.items()} == {
        "seg_lively": ("more left than its 10 % on 1 of 30 days",),
        "seg_stale": ("stale: nobody came or went for 30 days", unused),
        "seg_empty": ("empty", unused),
        "seg_unbuilt": ("never built, or nobody was ever in", unused),
    }


def test_one_segment_tells_its_days_flows_overlaps_and_stability(shop: Project) -> None:
    found = asking.detail(shop.directory, shop.target, "lively")
    assert [(day.day.day, day.size) for day in found.sizes] == [(1, 8), (20, 6), (31, 6)]
    assert [(flow.segment, flow.people) for flow in found.came_from] == [("seg_empty", 1)]
    assert found.went_to == ()
    assert [(part.segment, part.share) for part in found.overlaps] == [("seg_stale", 0.5)]
    assert found.stability == 0.5
    with pytest.raises(ConfigError, match="Did you mean 'seg_lively'"):
        asking.detail(shop.directory, shop.target, "seg_livly")
