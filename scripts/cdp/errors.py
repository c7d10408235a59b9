"""What can go wrong, sorted by what the caller should do about it.

CdpError                     one clear sentence that says what to do
├── ConfigError              fix a file: names the file and the key
├── WarehouseError           the warehouse cannot be reached, opened or read
├── BlockedError             refused by a guard: budget, stale plan, lock, gate
├── RetriableError           passing: back off and try again; honours Retry-After
├── PartialFailure           some of it failed and was named; the rest is done
├── RecordRejected           this row will not do: keep the receipt, go on
└── FatalDestinationError    stop this sync, go on with the others
"""

from __future__ import annotations

__all__ = [
    "BlockedError",
    "CdpError",
    "ConfigError",
    "FatalDestinationError",
    "PartialFailure",
    "RecordRejected",
    "RetriableError",
    "WarehouseError",
]


class CdpError(Exception):
    """Anything the product reports to a person; the message says what to do next."""

    exit_code = 1


class ConfigError(CdpError):
    """A file holds something we cannot accept; the message names the file and the key."""

    exit_code = 2


class WarehouseError(CdpError):
    """The warehouse cannot be reached, opened or read."""

    exit_code = 3


class BlockedError(CdpError):
    """A guard refused before anything was done."""

    exit_code = 4


class RetriableError(CdpError):
    """A passing fault. `retry_after` is in seconds; None leaves it to the back-off."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RecordRejected(CdpError):  # noqa: N818 - the name states an outcome, as the ledger does
    """The destination refused one row for good; `code` is the vendor's own."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class FatalDestinationError(CdpError):
    """The destination refuses everything (credentials, account): stop this sync."""


class PartialFailure(CdpError):  # noqa: N818 - the name states an outcome
    """Some of it failed and was named; the rest is done."""

    exit_code = 5
