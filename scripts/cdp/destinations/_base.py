"""What a destination declares, and the little that it implements.

A destination is one module in this folder, found by its name, or an entry point
`cdp.destinations` of another package. It takes batches and answers with one outcome a row:

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

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from cdp.errors import RetriableError

__all__ = [
    "Batch",
    "Delivery",
    "Destination",
    "NoAnswer",
    "Options",
    "Outcome",
    "Row",
    "Status",
    "scrubbed",
]

Status = Literal["acknowledged", "accepted", "rejected", "unknown", "aborted"]


class NoAnswer(RetriableError):  # noqa: N818 - the name states an outcome, as the ledger does
    """Sent, and no answer came: it may have been applied."""


class Options(BaseModel):
    """A destination's options; an unknown one is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Delivery:
    """What one run of a sync delivers. `fields`: name at the destination → kind (text,
    integer, float, boolean, date, timestamp); `match`: the field that finds a record.
    A field of `set_once` is in the rows of new records alone; one of `skip_null` is left
    out of a row where it is null."""

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
class Outcome:
    """What became of one row. `code` and `message` hold no personal data (see scrubbed)."""

    status: Status
    code: str = ""
    message: str = ""
    destination_id: str | None = None


class Destination(ABC):
    """One destination, opened for one delivery."""

    modes: ClassVar[frozenset[str]]
    objects: ClassVar[frozenset[str] | None] = None  # None: any name
    default_object: ClassVar[str] = ""
    options: ClassVar[type[Options]]
    is_account: ClassVar[bool] = True  # another system reads it: live targets only
    is_idempotent: ClassVar[bool] = True
    batch_rows: ClassVar[int] = 1000
    can_leave_fields: ClassVar[bool] = True  # rows may lack a field, which then stays
    skips_nulls: ClassVar[bool] = False  # by default; a sync's field may say otherwise
    polls: ClassVar[bool] = False  # whether `poll` settles accepted batches, not `finish`
    job_seconds: ClassVar[float] = 3600  # how long a job may take
    can_look_up: ClassVar[bool] = False  # whether look_up finds records by a field
    look_up_rows: ClassVar[int] = 100  # values a look_up

    @classmethod
    def problems(cls, target_object: str, mode: str, options: Any) -> Iterator[str]:
        """What does not go together, one sentence each; options are already valid."""
        yield from ()

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

    @abstractmethod
    def __init__(self, delivery: Delivery, options: Any) -> None:
        """Check what can be checked without a write. Raises ConfigError."""

    def check(self) -> Iterator[str]:
        """What is wrong there, one sentence each: scopes, objects, fields, their types,
        quota left. Reads only; opening has found what it could."""
        yield from ()

    @abstractmethod
    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Create or overwrite; one outcome a row, in order."""

    @abstractmethod
    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Remove by id; a row that is not there counts as removed."""

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


_PERSONAL = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+|\+?\d[\d\s().-]{5,}\d")


def scrubbed(message: str, row: Row, secret: str = "", limit: int = 200) -> str:
    """A destination's message without the row's own values, emails, long numbers, secrets."""
    values = [secret, row.id, *map(str, row.fields.values())]
    for value in sorted(values, key=len, reverse=True):
        if len(value) > 2:
            message = message.replace(value, "…")
    return " ".join(_PERSONAL.sub("…", message).split())[:limit]
