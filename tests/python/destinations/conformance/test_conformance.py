"""What holds for every destination, against a server that knows only the vendor's documents.

Each test runs over every case of every bench in destinations/servers.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from cdp.destinations._base import REASONS, Batch, Destination, NoAnswer, Outcome, Person, Row
from cdp.errors import CdpError, ConfigError, FatalDestinationError, RetriableError
from destinations.conformance.desk import Desk
from destinations.servers._base import Bench, Call, Case, Reply, Server

Condition = Callable[[type[Destination], type[Bench], Case], bool]
WORDS = (
    "Ånn-Łucja",
    "山田 太郎",
    'O\'Neil, "the 1st"; <b>',
    "👩‍🚀 e\u0301 \u05d0\u05d1",
    "a\tb\nc",
)


def only_if(condition: Condition) -> pytest.MarkDecorator:
    return pytest.mark.only_if.with_args(condition)


over_http = only_if(lambda kind, bench, case: bench.is_http)
repeatable = only_if(lambda kind, bench, case: kind.is_idempotent)
with_text = only_if(lambda kind, bench, case: case.text is not None)
removing = only_if(lambda kind, bench, case: case.mode not in ("append", "create"))
updating = only_if(lambda kind, bench, case: case.mode not in ("append", "create"))


def server(desk: Desk) -> Server:
    assert isinstance(desk.bench, Server)
    return desk.bench


def rows(desk: Desk, *numbers: int, **changes: Any) -> list[Row]:
    return [desk.bench.row(desk.case, number, **changes) for number in numbers]


def statuses(outcomes: list[Outcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


def assert_there(desk: Desk, *found: Row) -> None:
    """Where rows are held: what is told counts alone is seen in those."""
    for row in found if desk.kind.holds_rows else ():
        held = desk.bench.held(desk.case, row)
        assert held is not None
        assert held == desk.bench.wanted(desk.case, row)


def test_create(desk: Desk) -> None:
    people = rows(desk, 1, 2, 3)
    before = desk.bench.count(desk.case)
    assert statuses(desk.send(*people)) == ["acknowledged"] * 3
    assert_there(desk, *people)
    assert desk.bench.count(desk.case) == before + 3


@only_if(lambda kind, bench, case: kind.can_look_up and case.adopts)
def test_adopt(desk: Desk) -> None:
    known, stranger = rows(desk, 1, 2)
    record_id = desk.bench.seed(desk.case, known)
    before = desk.bench.count(desk.case)
    there = desk.open()
    found = there.look_up(desk.case.match, [known.id, stranger.id])
    there.close()
    assert list(found.get(known.id, ())) == [record_id]
    assert not found.get(stranger.id)
    assert statuses(desk.send(replace(known, record_id=record_id))) == ["acknowledged"]
    assert_there(desk, known)
    assert desk.bench.count(desk.case) == before


@updating
@with_text
def test_update(desk: Desk) -> None:
    first, second = rows(desk, 1, 2)
    desk.send(first, second)
    before = desk.bench.count(desk.case)
    (changed,) = rows(desk, 1, **{desk.case.text or "": "changed"})
    assert statuses(desk.send(changed)) == ["acknowledged"]
    assert_there(desk, changed, second)
    assert desk.bench.count(desk.case) == before


@repeatable
def test_resend(desk: Desk) -> None:
    """Nobody knows that they were sent: the same rows again change nothing."""
    people = rows(desk, 1, 2)
    desk.send(*people)
    before = desk.bench.count(desk.case)
    desk.forget()
    assert statuses(desk.send(*people)) == ["acknowledged"] * 2
    assert_there(desk, *people)
    assert desk.bench.count(desk.case) == before


@removing
def test_remove(desk: Desk) -> None:
    people = rows(desk, 1, 2, 3)
    desk.send(*people)
    before = desk.bench.count(desk.case)
    assert statuses(desk.remove(*people[:2])) == ["acknowledged"] * 2
    assert desk.bench.held(desk.case, people[0]) is None
    assert_there(desk, people[2])
    assert desk.bench.count(desk.case) == before - 2
    assert statuses(desk.remove(people[0])) == ["acknowledged"]


def test_erase(desk: Desk) -> None:
    ann, bob = rows(desk, 1, 2)
    desk.send(ann, bob)
    is_held = desk.kind.can_erase and desk.kind.holds_rows
    assert ann.id in desk.bench.everything() or not is_held
    mails = [str(value) for name, value in ann.fields.items() if "mail" in name.lower()]
    person = Person(ann.id, desk.records.get(ann.id), {"email": mails})
    there = desk.open()
    (outcome,) = there.erase([person])
    for _ in range(20):
        if outcome.status == "accepted":
            desk.clock.sleep(5)
            (outcome,) = there.erase([person])
    there.close()
    if not desk.kind.can_erase:
        assert outcome.status == "rejected"
        return
    assert outcome.status == "acknowledged"
    assert_there(desk, bob)
    assert not [word for word in (ann.id, *mails) if word in desk.bench.everything()]


@only_if(lambda kind, bench, case: case.refuses)
def test_partial_failure(desk: Desk) -> None:
    """One refused among seven: the others are there, and it has a reason."""
    people = rows(desk, *range(1, 8))
    people[3] = desk.bench.bad_row(desk.case, 4)
    outcomes = desk.send(*people)
    bad = outcomes.pop(3)
    assert (bad.status, bad.code != "") == ("rejected", True)
    assert bad.code in REASONS or not desk.kind.reasons
    assert "@" not in bad.message
    assert statuses(outcomes) == ["acknowledged"] * 6
    assert_there(desk, *people[:3], *people[4:])


@over_http
def test_throttled(desk: Desk) -> None:
    people = rows(desk, 1, 2)
    server(desk).faults.append("throttle")
    began = desk.clock.now
    assert statuses(desk.send(*people)) == ["acknowledged"] * 2
    assert desk.clock.now - began >= server(desk).throttle_seconds
    assert_there(desk, *people)


@over_http
def test_denied(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that do not hold stop it at once, and no message repeats them."""
    people = rows(desk, 1, 2)
    before = desk.bench.count(desk.case)
    for name in desk.bench.environment:
        monkeypatch.setenv(name, "canary-0000")
    with pytest.raises(FatalDestinationError) as raised:
        desk.send(*people)
    assert "canary" not in str(raised.value)
    assert desk.bench.count(desk.case) == before


@only_if(lambda kind, bench, case: bool(bench.environment))
@pytest.mark.parametrize("value", [None, " "])
def test_a_missing_secret_is_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    (name, *_) = desk.bench.environment
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=name):
        desk.open()


@over_http
@repeatable
def test_applied_then_dropped(desk: Desk) -> None:
    people = rows(desk, 1, 2)
    before = desk.bench.count(desk.case)
    server(desk).faults.append("drop")
    assert statuses(desk.send(*people)) == ["acknowledged"] * 2
    assert_there(desk, *people)
    assert desk.bench.count(desk.case) == before + 2


@over_http
@only_if(lambda kind, bench, case: not kind.is_idempotent)
def test_what_is_not_idempotent_is_not_sent_twice(desk: Desk) -> None:
    server(desk).faults.append("drop")
    with pytest.raises(NoAnswer):
        desk.send(*rows(desk, 1))
    assert server(desk).writes == 1


@over_http
def test_down(desk: Desk) -> None:
    """Told apart from a lost answer: nothing was applied."""
    people = rows(desk, 1, 2)
    before = desk.bench.count(desk.case)
    server(desk).lasting = "down"
    with pytest.raises(RetriableError) as raised:
        desk.send(*people)
    assert type(raised.value) is RetriableError
    server(desk).lasting = ""
    assert desk.bench.count(desk.case) == before
    assert statuses(desk.send(*people)) == ["acknowledged"] * 2
    assert_there(desk, *people)


def hollow(body: Any) -> Any:
    """The answer's names, and nothing in them that a module could go on with."""
    if isinstance(body, list):
        return [{} for _ in body]
    return {
        name: [{}] if isinstance(value, list) else {} if isinstance(value, dict) else value
        for name, value in body.items()
    }


@over_http
@pytest.mark.parametrize(
    "odd", [lambda body: {}, lambda body: [None], hollow], ids=["empty", "wrong", "hollow"]
)
def test_an_odd_answer_is_an_error_of_ours(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, odd: Callable[[Any], Any]
) -> None:
    """A 200 of another shape: an outcome or a CdpError, never a KeyError."""
    ann, bob = rows(desk, 1, 2)
    desk.send(ann)
    there, new = desk.open(), desk.open()
    list(there.check())
    answer = server(desk).answer

    def oddly(call: Call) -> Reply | None:
        reply = answer(call)
        if reply is None or reply.status >= 300 or not isinstance(reply.body, dict | list):
            return reply
        return replace(reply, body=odd(reply.body))

    monkeypatch.setattr(server(desk), "answer", oddly)
    mails = {"email": ["person1@example.com"]}
    for ask in (
        new.catalogue,
        lambda: there.look_up(desk.case.match, [ann.id]) if there.can_look_up else {},
        lambda: _settled(there, there.upsert, "one", ann, bob),
        lambda: _settled(there, there.remove, "two", ann, bob),
        lambda: there.erase([Person(bob.id, desk.records.get(bob.id), mails)]),
    ):
        with suppress(CdpError):
            ask()
    there.close()
    new.close()
    desk.bench.violations.clear()  # calls that an odd answer led to


def _settled(there: Destination, send: Callable[[Batch], Any], key: str, *found: Row) -> None:
    outcomes = send(Batch(key, found))
    if there.polls and any(outcome.status == "accepted" for outcome in outcomes):
        there.poll(Batch(key, found))


@repeatable
def test_duplicate_keys(desk: Desk) -> None:
    """The diff lets no key through twice; should one come, the batch does not suffer."""
    people = rows(desk, 1, 2)
    again = replace(people[0], fields=dict(people[0].fields))
    before = desk.bench.count(desk.case)
    outcomes = statuses(desk.send(*people, again))
    assert set(outcomes) <= {"acknowledged", "rejected"}
    assert outcomes[1] == "acknowledged"
    assert "acknowledged" in (outcomes[0], outcomes[2])
    assert_there(desk, *people)
    assert desk.bench.count(desk.case) == before + 2


@with_text
def test_unicode(desk: Desk) -> None:
    text = desk.case.text or ""
    people = [
        desk.bench.row(desk.case, number, **{text: word}) for number, word in enumerate(WORDS, 1)
    ]
    assert statuses(desk.send(*people)) == ["acknowledged"] * len(WORDS)
    assert_there(desk, *people)


@with_text
def test_nulls(desk: Desk) -> None:
    """A null clears what is there, or leaves it where the module says that it skips them."""
    (full,) = rows(desk, 1)
    desk.send(full)
    keep = {desk.case.match, *(name for name in full.fields if "mail" in name.lower())}
    empty = replace(
        full, fields={name: value if name in keep else None for name, value in full.fields.items()}
    )
    (outcome,) = desk.send(empty)
    assert outcome.status == "acknowledged"
    if desk.case.mode in ("append", "create"):
        return
    assert_there(desk, full if desk.kind.skips_nulls else empty)


@with_text
def test_an_oversized_row(desk: Desk) -> None:
    """It is taken whole or refused; the others do not suffer."""
    first, last = rows(desk, 1, 3)
    huge = "x" * ((desk.kind.row_bytes or 300_000) + 1)
    (fat,) = rows(desk, 2, **{desk.case.text or "": huge})
    one, two, three = desk.send(first, fat, last)
    assert (one.status, three.status) == ("acknowledged", "acknowledged")
    assert_there(desk, first, last)
    if two.status == "acknowledged":
        assert_there(desk, fat)
    else:
        assert (two.status, desk.bench.held(desk.case, fat)) == ("rejected", None)
        assert two.code in ("too_large", "too_long", "invalid_value")


def test_an_oversized_batch(desk: Desk) -> None:
    """More rows and more bytes than a call takes: several calls, none over the limit."""
    number = desk.kind.batch_rows + 1
    people = [desk.bench.row(desk.case, each) for each in range(number)]
    if desk.kind.batch_bytes and desk.case.text:
        size = min(desk.kind.batch_bytes // 20, (desk.kind.row_bytes or 200_000) // 2, 60_000)
        fat = {desk.case.text: "x" * size}
        number += desk.kind.batch_bytes // size + 2
        people += [desk.bench.row(desk.case, each, **fat) for each in range(len(people), number)]
    before = desk.bench.count(desk.case)
    assert set(statuses(desk.send(*people))) == {"acknowledged"}
    assert desk.batches >= 2
    assert desk.bench.count(desk.case) == before + number
    assert_there(desk, people[0], people[-1])


def has_catalogue(kind: type[Destination], bench: type[Bench], case: Case) -> bool:
    known = (kind.objects or {}).get(case.target_object)
    return kind.catalogue is not Destination.catalogue or bool(known and known.fields)


@only_if(has_catalogue)
def test_a_field_that_is_not_there_is_named(desk: Desk) -> None:
    wrong = replace(desk.case, fields={**desk.case.fields, "no_such_field_there": "text"})
    there = replace(desk, case=wrong).open()
    (problem,) = there.check()
    there.close()
    assert "no_such_field_there" in problem
