"""One run of a sync at a time: a row in the warehouse, which every machine sees.

A lock falls free when its owner has not been heard of for a while, and at once when its
owner ran on this machine and is no more.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cdp.errors import BlockedError
from cdp.warehouse import Warehouse

__all__ = ["Clock", "Lock", "utc_now"]

Clock = Callable[[], datetime]

_LASTS = timedelta(minutes=15)
_PROLONGED_EVERY = timedelta(minutes=1)
_OWNER = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def utc_now() -> datetime:
    """Now, in UTC, without a zone, as the warehouse stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


class Lock:
    """The locks of this process. table: cdp_sync_locks, quoted for SQL."""

    def __init__(self, warehouse: Warehouse, table: str, clock: Clock) -> None:
        self._warehouse, self._table, self._clock = warehouse, table, clock

    def take(self, sync: str, run_id: str) -> None:
        """Take the sync's lock for a run. Raises BlockedError while another one holds it."""
        mine = (run_id, _OWNER, self._clock() + _LASTS)
        self._warehouse.execute(
            f"insert into {self._table} (sync, run_id, owner, expires_at) values (?, ?, ?, ?) "  # noqa: S608
            "on conflict (sync) do nothing",
            (sync, *mine),
        )
        holder, owner, until = self._holder(sync)
        if owner != _OWNER and (until < self._clock() or _is_dead(owner)):
            self._warehouse.execute(
                f"update {self._table} set run_id = ?, owner = ?, expires_at = ? "  # noqa: S608
                "where sync = ? and owner = ?",
                (*mine, sync, owner),
            )
            holder, owner, until = self._holder(sync)
        if (holder, owner) != (run_id, _OWNER):
            raise BlockedError(
                f"{sync} is locked by run {holder}. Wait for it to end; the lock of a dead "
                f"one is taken over after {_LASTS.seconds // 60} minutes."
            )

    def keep(self, sync: str, run_id: str) -> None:
        """Prolong the lock. Raises BlockedError when another run took it over."""
        holder, owner, until = self._holder(sync)
        if (holder, owner) != (run_id, _OWNER):
            raise BlockedError(f"{sync}: another run took over the lock of {run_id}.")
        if until - self._clock() > _LASTS - _PROLONGED_EVERY:
            return
        self._warehouse.execute(
            f"update {self._table} set expires_at = ? where sync = ? and owner = ?",  # noqa: S608
            (self._clock() + _LASTS, sync, _OWNER),
        )

    def is_held(self, sync: str, run_id: str) -> bool:
        """Whether the run has the lock still."""
        return self._holder(sync)[:2] == (run_id, _OWNER)

    def let_go(self, sync: str) -> None:
        """Free the sync for the next run, if the lock is still ours."""
        self._warehouse.execute(
            f"delete from {self._table} where sync = ? and owner = ?",  # noqa: S608
            (sync, _OWNER),
        )

    def _holder(self, sync: str) -> tuple[str, str, datetime]:
        rows = self._warehouse.query(
            f"select run_id, owner, expires_at from {self._table} where sync = ?",  # noqa: S608
            (sync,),
        )
        return rows[0] if rows else ("", "", datetime.min)


def _is_dead(owner: str) -> bool:
    """Whether the owner ran on this machine and is no more."""
    host, pid, _ = owner.rsplit(":", 2)
    if host != socket.gethostname():
        return False
    if int(pid) == os.getpid():
        return owner != _OWNER
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
