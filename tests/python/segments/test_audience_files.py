"""From audiences/<name>.yml to a model: what is written, and what is refused, in sentences."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cdp.errors import ConfigError
from cdp.project import Node, Project
from cdp.segments.documents import json_schema
from cdp.segments.library import Library, compiled_files, stale_files, unlisted
from segments.audience_world import catalogue
from support.project import ROOT

HEAD = "version: 1\nlabel: Keen\nowner: a@example.com\nwhy: They look and look.\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A project of two segments, and a way to write audiences into it."""
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    (tmp_path / "audiences").mkdir()
    monkeypatch.setattr("cdp.segments.library.read_catalogue", lambda _: catalogue())
    profiles = Node("model.cdp.cdp_profiles", "cdp_profiles", "cdp", "model", "cdp", "x", "",
                    catalogue().profiles.columns)  # fmt: skip
    project = Project(tmp_path, "demo", {}, {profiles.unique_id: profiles}, ())

    def write(**files: str) -> Library:
        for name, content in files.items():
            (tmp_path / "audiences" / f"{name}.yml").write_text(HEAD + content)
        return Library.read(project)

    return SimpleNamespace(write=write, project=project, root=tmp_path)


def refused(shop: Any, **files: str) -> str:
    with pytest.raises(ConfigError) as caught:
        shop.write(**files)
    return str(caught.value)


def test_an_audience_becomes_a_model_that_reads_as_written_by_hand(shop: Any) -> None:
    library = shop.write(
        keen="columns: [city]\nwhere:\n  all:\n"
        "    - {did: events, where: {column: name, is: viewed},"
        " within_days: 30, count: {at_least: 3}}\n"
        "    - {column: visits, between: [1, 9], because: neither a stranger nor a robot}\n"
        "exclude: [seg_one]\n"
    )
    sql = compiled_files(library)[Path("models/segments/seg_keen.sql")]
    assert sql == (
        "-- Made from audiences/keen.yml by `cdp segment compile`: change that.\n"
        "\n"
        "{{ config(meta={\n"
        "    'cdp_label': 'Keen',\n"
        "    'cdp_owner': 'a@example.com',\n"
        "    'cdp_why': 'They look and look.',\n"
        "    'cdp_audience': 'audiences/keen.yml',\n"
        "}) }}\n"
        "\n"
        "with clock as (\n"
        "    select * from {{ ref('shop', 'clock') }}\n"
        "),\n"
        "\n"
        "events_1 as (\n"
        "    select\n"
        "        events.profile_id,\n"
        "        count(*) as row_count\n"
        "    from {{ ref('shop', 'events') }} as events\n"
        "    cross join clock\n"
        "    where\n"
        "        not coalesce(events.is_void, false)\n"
        "        and events.name = 'viewed'\n"
        "        and events.occurred_at >= clock.now_at - interval '30' day\n"
        "        and events.occurred_at <= clock.now_at\n"
        "    group by events.profile_id\n"
        ")\n"
        "\n"
        "select\n"
        "    profiles.profile_id,\n"
        "    profiles.city\n"
        "from {{ ref('shop', 'profiles') }} as profiles\n"
        "left join events_1 on profiles.profile_id = events_1.profile_id\n"
        "where\n"
        "    coalesce(events_1.row_count, 0) >= 3\n"
        "    -- neither a stranger nor a robot\n"
        "    and profiles.visits between 1 and 9\n"
        "    and profiles.profile_id not in (\n"
        "        select seg_one.profile_id\n"
        "        from {{ ref('shop', 'seg_one') }} as seg_one\n"
        "    )\n"
    )
    assert unlisted(library, shop.project) == ["shop.seg_keen"]


def test_a_waterfall_becomes_a_model_a_step(shop: Any) -> None:
    """Of segments in SQL and of audiences alike."""
    library = shop.write(
        kept="waterfall: [seg_two, seg_one, seg_keen]\n",
        keen="where: {column: visits, at_least: 1}\n",
    )
    files = compiled_files(library)
    third = files[Path("models/segments/seg_kept__keen.sql")]
    assert "ref('shop', 'seg_keen')" in third
    assert third.count("not in") == 2
    second = files[Path("models/segments/seg_kept__one.sql")]
    assert "not in (\n        select seg_two.profile_id" in second
    assert "not in" not in files[Path("models/segments/seg_kept__two.sql")]


def test_a_model_that_was_changed_by_hand_is_named(shop: Any) -> None:
    library = shop.write(keen="where: {column: visits, at_least: 1}\n")
    path = shop.root / "models/segments"
    path.mkdir(parents=True)
    assert len(stale_files(library)) == 2
    for file, content in compiled_files(library).items():
        (shop.root / file).write_text(content)
    assert stale_files(library) == []
    (path / "seg_keen.sql").write_text("-- Made from what it was\nselect 1")
    assert stale_files(library) == [
        "models/segments/seg_keen.sql is not what its audience says. Run `cdp segment compile`."
    ]


def test_a_model_of_nobody_and_one_of_a_person_are_told_apart(shop: Any) -> None:
    """What an audience left behind is named; what a person wrote is never replaced."""
    library = shop.write(keen="where: {column: visits, at_least: 1}\n")
    path = shop.root / "models/segments"
    path.mkdir(parents=True)
    for file, content in compiled_files(library).items():
        (shop.root / file).write_text(content)
    (shop.root / "audiences/keen.yml").rename(shop.root / "audiences/eager.yml")
    assert "models/segments/seg_keen.sql is made from an audience that is gone. Remove it." in (
        stale_files(shop.write())
    )
    (path / "seg_eager.sql").write_text("select 1")
    with pytest.raises(ConfigError, match=r"seg_eager\.sql is written by hand"):
        compiled_files(shop.write())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("where: {column: visit, is: 1}", "no column 'visit'. Did you mean 'visits'?"),
        ("where: {column: visits, is: '1'}", "visits holds integer. Write a number."),
        ("where: {column: visits, contains: x}", "which takes: is, is_not"),
        ("where: {column: visits, is: {column: spend}}", "no column 'spend' beside visits. Did"),
        ("where: {column: visits, is: {column: city}}", "visits holds integer, and city text."),
        ("where: {column: visits, is: {colum: city}}", "where.is takes no 'colum'. Did you mean"),
        ("where: {column: visits, attleast: 1}", "takes no 'attleast'. Did you mean 'at_least'?"),
        ("where: {did: event}", "where.did: there is no 'event'. Did you mean 'events'?"),
        ("where: {did: cards}", "where.did: cards has no time. Write has."),
        ("where: {in_segment: seg_tow}", "no segment 'seg_tow'. Did you mean 'seg_two'?"),
        ("where: {all: []}", "where.all:"),
        ("where: {column: visits, gte: 1}", "where takes no 'gte'. There are: at_least, at_most,"),
        ("where: {column: visits, between: [9, 1]}", "between goes from 9 down to 1. Turn it"),
        ("where: [{column: visits, is: 1}]", "A list stands under all, any or none."),
        ("where: {did: events, count: 3}", "where.count takes keys, as in {at_least: 3}."),
        ("where: {did: events, within_days: 0}", "where.within_days should be greater than 0."),
        (f"waterfall: [seg_one, seg_{'x' * 60}]", "has more than 63 letters. Shorten it."),
        ("where: {column: visits}", "where: needs at least one of: is, is_not"),
        ("where: {column: visits, is: 1, did: events}", "where: needs exactly one of: column, did"),
        ("where: {did: events, where: {did: events}}", "asks for more than columns of events"),
        ("where: {did: events, count: {at_least: x}}", "where.count.at_least is of another type"),
        ("label: x", "label' stands twice"),
        ("columns: [profile_id]\nwhere: {column: visits, is: 1}", "profile_id is there already"),
        ("", "where is missing. Add it."),
    ],
)
def test_a_mistake_is_one_sentence(shop: Any, content: str, sentence: str) -> None:
    said = refused(shop, wrong=content)
    assert said.startswith("audiences/wrong.yml")
    assert sentence in said


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "audiences/odd.yml is empty. Begin with `version: 1`"),
        ("# to be written", "audiences/odd.yml is empty."),
        ("- a list", "audiences/odd.yml holds a list, not keys."),
        (HEAD.replace("1", "2", 1), "version is 2, and this cdp reads 1."),
    ],
)
def test_a_file_that_is_no_audience_says_so(shop: Any, content: str, sentence: str) -> None:
    (shop.root / "audiences/odd.yml").write_text(content)
    assert sentence in refused(shop)


@pytest.mark.parametrize("place", ["x.yaml", "team/x.yml"])
def test_an_audience_that_would_not_be_read_is_named(shop: Any, place: str) -> None:
    (shop.root / "audiences" / place).parent.mkdir(exist_ok=True)
    (shop.root / "audiences" / place).write_text(HEAD)
    assert f"audiences/{place} is not read. Move it to audiences/x.yml." in refused(shop)


def test_audiences_in_a_circle_are_named(shop: Any) -> None:
    said = refused(
        shop,
        left="where: {in_segment: seg_right}\n",
        right="where: {none: [{in_segment: seg_left}]}\n",
    )
    assert "goes in a circle, seg_left -> seg_right -> seg_left" in said
    assert said.count("circle") == 1


def test_the_published_schema_is_the_formats() -> None:
    published = json.loads((ROOT / "docs/audience.schema.json").read_text())
    assert published == json_schema(), "cdp segment schema > docs/audience.schema.json"
