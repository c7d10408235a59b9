"""What a destination declares as data, and the little that it implements.

A destination is one module in this folder, found by its name, or an entry point
`cdp.destinations` of another package. How to write one: docs/destinations.md. Most extend
`_api.Api`, which makes the calls.

It declares      title, summary, modes, objects, options, limits (rows, bytes, windows),
                 capabilities (can_…, is_…, polls, skips_nulls), reasons, erases, facts,
                 known_on, verified, example: the documentation page is made of them
it implements    place, upsert, remove; and, where they apply, catalogue, check, look_up,
                 poll, finish, erase, account, problems, owns_record, size, join

It takes batches and answers with one outcome a row, in order:

    acknowledged   the destination confirmed it; the ledger's state moves on this alone
    accepted       it will be confirmed by `finish` (a file) or `poll` (an asynchronous job)
    rejected       refused for good: kept, and retried only when the row changes
    unknown        sent, no answer: sent again under the same idempotency key
    aborted        not taken, but may be later: sent again by a later run

or raises, for the batch as a whole: RecordRejected (the runner bisects it),
RetriableError (nothing was applied), NoAnswer (may have been applied) or
FatalDestinationError (stop this sync).
"""

from __future__ import annotations

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from cdp.destinations._accounts import Window
from cdp.errors import RetriableError

if TYPE_CHECKING:
    from cdp.warehouse import Warehouse

__all__ = [
    "REASONS",
    "Batch",
    "Delivery",
    "Destination",
    "Fact",
    "Field",
    "NoAnswer",
    "Object",
    "Options",
    "Outcome",
    "Person",
    "Row",
    "Status",
    "json_bytes",
    "scrubbed",
]

Status = Literal["acknowledged", "accepted", "rejected", "unknown", "aborted"]

# What a vendor's code of a refusal means, in our words: Destination.reasons maps to these.
REASONS = {
    "conflict": "it contradicts what is there, such as a second record of the same email",
    "duplicate": "the destination has several records that it could be",
    "erased": "the person was erased there and may not come back",
    "invalid_value": "a value has the wrong form",
    "missing_value": "a field that is needed is empty",
    "no_consent": "the destination knows of no consent of the person",
    "not_allowed": "the credentials may not write this row or field",
    "not_found": "the record or the list is not there",
    "rejected": "refused; the message says why",
    "too_large": "the row is larger than the destination takes",
    "too_long": "a value is longer than its field",
    "unknown_field": "the destination has no such field",
    "unsubscribed": "the person has unsubscribed there, which stays",
}


class NoAnswer(RetriableError):  # noqa: N818 - the name states an outcome, as the ledger does
    """Sent, and no answer came: it may have been applied."""


class Options(BaseModel):
    """A destination's options; an unknown one is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Field:
    """A field at the destination. `kind` as in Delivery; `max_length` in characters."""

    kind: str = "text"
    max_length: int | None = None
    is_writable: bool = True


@dataclass(frozen=True)
class Object:
    """A kind of thing that rows become there. `fields`: those that every account has;
    none: the account says (`catalogue`), or any name will do."""

    what: str
    fields: Mapping[str, Field] = field(default_factory=dict)


@dataclass(frozen=True)
class Fact:
    """What the module relies on, and who says so, with the date if it is not `known_on`."""

    statement: str
    source: str


@dataclass(frozen=True)
class Delivery:
    """What one run of a sync delivers. `fields`: name at the destination → kind (text,
    integer, float, boolean, date, timestamp); `match`: the field that finds a record.
    A field of `set_once` is in the rows of new records alone; one of `skip_null` is left
    out of a row where it is null. `needs_grant`: the gate lets nobody pass who has not
    granted the purpose, unless the law of her country asks for no grant. `counts`: what the
    plan found, by operation, beside `desired`, `held`, `withheld`, `withheld <reason>`."""

    sync: str
    run_id: str
    target_object: str
    mode: str
    purpose: str
    match: str
    fields: Mapping[str, str]
    root: Path
    set_once: frozenset[str] = frozenset()
    skip_null: frozenset[str] = frozenset()
    needs_grant: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One row as it is sent. `id`: the value of the match field; a removal has no fields.
    `record_id`: the destination's own id of the record, as far as it is known."""

    id: str
    fields: Mapping[str, Any]
    record_id: str | None = None


@dataclass(frozen=True)
class Batch:
    """Rows that leave together; `key` is the same whenever the same rows are sent again."""

    key: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Person:
    """Somebody to be erased. `id` and `record_id` as in Row; `identifiers`: all that is
    known of them, type (email, phone, …) → values."""

    id: str
    record_id: str | None = None
    identifiers: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of one row. `code`: one of REASONS, or the destination's own;
    `code` and `message` hold no personal data (see scrubbed)."""

    status: Status
    code: str = ""
    message: str = ""
    destination_id: str | None = None


class Destination(ABC):
    """One destination, opened for one delivery."""

    # --- what it is ---
    title: ClassVar[str] = ""
    summary: ClassVar[str] = ""  # one sentence: what rows become there
    modes: ClassVar[frozenset[str]]
    objects: ClassVar[Mapping[str, Object] | None] = None  # None: any name
    default_object: ClassVar[str] = ""
    options: ClassVar[type[Options]]

    # --- what it can ---
    is_account: ClassVar[bool] = True  # another system reads it: live targets only
    holds_rows: ClassVar[bool] = True  # False: it is told counts, and of nobody
    is_idempotent: ClassVar[bool] = True  # the same row twice is the row once
    can_leave_fields: ClassVar[bool] = True  # rows may lack a field, which then stays
    skips_nulls: ClassVar[bool] = False  # by default; a sync's field may say otherwise
    polls: ClassVar[bool] = False  # whether `poll` settles accepted batches, not `finish`
    can_look_up: ClassVar[bool] = False  # whether look_up finds records by a field
    can_erase: ClassVar[bool] = True  # whether `erase` leaves nothing of a person

    # --- its limits ---
    batch_rows: ClassVar[int] = 1000
    batch_bytes: ClassVar[int | None] = None  # of all rows of a batch, as `size` has them
    row_bytes: ClassVar[int | None] = None
    look_up_rows: ClassVar[int] = 100  # values a look_up
    job_seconds: ClassVar[float] = 3600  # how long a job may take
    # Group of calls → its rate windows, all of which hold; "" is the rest.
    windows: ClassVar[Mapping[str, tuple[Window, ...]]] = MappingProxyType({})

    # --- what it answers, and what is known of it ---
    reasons: ClassVar[Mapping[str, str]] = MappingProxyType({})  # its code → one of REASONS
    erases: ClassVar[str] = ""  # one sentence: what erasing somebody does there
    facts: ClassVar[tuple[Fact, ...]] = ()
    known_on: ClassVar[str] = ""  # YYYY-MM-DD: so the facts stood that name no other day
    verified: ClassVar[str] = ""  # what it was run against; empty: never the real thing
    example: ClassVar[Mapping[str, Any]] = MappingProxyType({})  # config.meta of a sync

    # An object that is a collection of records (a list, a tag) → the option that names it.
    collections: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @classmethod
    def problems(cls, target_object: str, mode: str, options: Any) -> Iterator[str]:
        """What does not go together, one sentence each; options are already valid."""
        for name, option in cls.collections.items():
            if (target_object == name) != (getattr(options, option) is not None):
                yield f"cdp_options.{option} goes with cdp_object: {name}. Say both or neither."
            if target_object == name and mode not in ("mirror", "audience"):
                yield f"a {name} mirrors. Use cdp_mode: mirror or audience, not {mode}."

    @classmethod
    @abstractmethod
    def place(cls, target_object: str, options: Any) -> str:
        """Where rows end up, without secrets: another place has a state of its own."""

    @classmethod
    def account(cls, options: Any) -> str:
        """Names the account whose limits hold: syncs with the same name share them."""
        return cls.__name__.lower()

    @classmethod
    def takes_all_rows(cls, target_object: str) -> bool:
        """Whether each delivery holds unchanged rows too (a snapshot)."""
        return False

    @classmethod
    def is_lost(cls, target_object: str, options: Any, root: Path) -> bool:
        """Whether all that was delivered is surely gone (a deleted file)."""
        return False

    @classmethod
    def owns_record(cls, target_object: str, record_id: str) -> bool:
        """Whether a record that the tool's connector told of is one of the object's."""
        return True

    def __init__(self, delivery: Delivery, options: Any) -> None:
        """Check what can be checked without a call. Raises ConfigError."""
        self._delivery, self._options = delivery, options
        self._secrets: tuple[str, ...] = ()  # what no message may repeat

    def catalogue(self) -> Mapping[str, Field] | None:
        """The object's fields as the account has them; None: nobody can say. Reads only."""
        known = (self.objects or {}).get(self._delivery.target_object)
        return known.fields or None if known else None

    def check(self) -> Iterator[str]:
        """What is wrong there, one sentence each: scopes, objects, fields. Reads only.

        Asked by `cdp destinations check`, and before the first row of a run is written.
        """
        for name in self._delivery.fields:
            if self._known_fields is None or self._is_writable(name):
                continue
            why = "does not let it be written" if name in self._known_fields else "has none"
            near = get_close_matches(name, self._known_fields, n=1)
            hint = f" Did you mean '{near[0]}'?" if near and near[0] != name else ""
            yield f"cdp_fields.{name}: {self._delivery.target_object} {why}.{hint}"

    def join(self, warehouse: Warehouse) -> bool:
        """Write by the warehouse's own connection from now on, where it leads to the same
        database: a batch is then one transaction with its rows of the ledger."""
        return False

    def refusal(self, row: Row) -> Outcome | None:
        """Why a row cannot be sent at all: a value or the whole is over a limit."""
        for name, value in row.fields.items():
            known = self._long_fields.get(name)
            if known is not None and isinstance(value, str) and len(value) > known:
                return Outcome("rejected", "too_long", f"{name} takes {known} characters")
        if self.row_bytes is not None and self.size(row) > self.row_bytes:
            return Outcome("rejected", "too_large", f"a row takes {self.row_bytes} bytes")
        return None

    def size(self, row: Row) -> int:
        """Bytes that the row takes in a batch."""
        return len(json_bytes({"id": row.id, "fields": dict(row.fields)}))

    @abstractmethod
    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Create or overwrite; one outcome a row, in order."""

    @abstractmethod
    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Remove by id; a row that is not there counts as removed."""

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Leave nothing of these people, one outcome each; may be asked again.

        acknowledged: gone. accepted: under way, ask again. rejected: it cannot be done.
        As it stands here: the removal of their rows.
        """
        ids = "\n".join(person.id for person in people)
        key = "cdp_erase_" + hashlib.sha256(ids.encode()).hexdigest()[:16]
        return self.remove(Batch(key, tuple(Row(p.id, {}, p.record_id) for p in people)))

    def look_up(self, field: str, values: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """value → ids of the records whose `field` has it, each value as it was asked for.

        Called while planning, so it writes nothing. Values that nobody has may be missing.
        """
        raise NotImplementedError

    def poll(self, batch: Batch) -> Sequence[Outcome] | None:
        """How the job of an accepted batch ended, one outcome a row; None: it runs still."""
        raise NotImplementedError

    def finish(self) -> None:  # noqa: B027 - optional
        """Make `accepted` rows final, or raise; called once after the last batch."""

    def close(self) -> None:  # noqa: B027 - optional
        """Let go of files and connections; also after a failure."""

    def rejected(self, row: Row, code: str, message: str = "") -> Outcome:
        """The outcome of a row that the vendor refused: our reason, and its words scrubbed."""
        text = f"{code}: {message}" if message else code
        return Outcome(
            "rejected", self.reasons.get(code, "rejected"), scrubbed(text, row, *self._secrets)
        )

    @cached_property
    def _known_fields(self) -> Mapping[str, Field] | None:
        return self.catalogue()

    @cached_property
    def _long_fields(self) -> Mapping[str, int]:
        known = self._known_fields or {}
        return {name: f.max_length for name, f in known.items() if f.max_length is not None}

    def _is_writable(self, name: str) -> bool:
        known = (self._known_fields or {}).get(name)
        return known is not None and known.is_writable


_PERSONAL = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+|\+?\d[\d\s().-]{5,}\d")


def scrubbed(message: str, row: Row, *secrets: str, limit: int = 200) -> str:
    """A destination's message without the row's own values, emails, long numbers, secrets."""
    values = [*secrets, row.id, *map(str, row.fields.values())]
    for value in sorted(values, key=len, reverse=True):
        if len(value) > 2:
            message = message.replace(value, "…")
    return " ".join(_PERSONAL.sub("…", message).split())[:limit]


def json_bytes(value: object) -> bytes:
    """UTF-8 JSON; times in ISO 8601, UTC."""
    return json.dumps(
        value, default=_json_value, ensure_ascii=False, separators=(",", ":")
    ).encode()


def _json_value(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
