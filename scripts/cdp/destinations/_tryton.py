"""Tryton's JSON-RPC as the module tryton uses it: sessions, faults, values and searches."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import Field as Setting

from cdp.destinations._api import Api, ApiOptions
from cdp.destinations._base import Delivery, Row, json_bytes, scrubbed
from cdp.destinations._http import Answer, Caller
from cdp.destinations._secrets import SecretName, read_secret
from cdp.errors import CdpError, FatalDestinationError, RecordRejected, RetriableError

__all__ = [
    "MECHANISMS",
    "Record",
    "TrytonApi",
    "TrytonOptions",
    "mechanism_commands",
    "rpc_value",
]

MECHANISMS = ("email", "phone", "mobile", "fax", "website")

_PHONES = ("phone", "mobile", "fax")
_OURS = "cdp"  # name of the contact mechanisms that are made here

_Read = TypeVar("_Read")
Record = Mapping[str, Any]  # as search_read answers


class TrytonOptions(ApiOptions):
    """database: its name on the server at `base_url`. user: who logs in. password_env: the
    user's password. company: the id of the company that opportunities are of. category: of
    the object category, its name."""

    database: str = Setting(pattern=r"^[\w.-]+$")
    user: str = Setting(pattern=r"^[^:\s]+$")
    password_env: SecretName
    company: int = Setting(default=1, ge=1)
    category: str | None = None


class TrytonApi(Api):
    """Calls of one server about one model."""

    title = "Tryton"
    base_url = "http://localhost:8000"
    max_answer = 50_000_000
    reasons = MappingProxyType(  # words of a UserError, in the order in which they are tried
        {
            "must be unique": "conflict",
            "is required": "missing_value",
            "is too long": "too_long",
            "not valid": "invalid_value",
            "exceeds the limit": "invalid_value",
            "invalid chars": "invalid_value",
            "allowed options": "invalid_value",
            "does not exist": "not_found",
            "don't exist": "not_found",
            "not allowed": "not_allowed",
        }
    )
    _options: TrytonOptions

    def __init__(self, delivery: Delivery, options: TrytonOptions, model: str) -> None:
        password = read_secret(options.password_env, "Tryton's password")
        super().__init__(delivery, options)
        self._secrets = (password,)
        self._model = model
        self._session: str | None = None
        self._once = Caller(  # for calls that are not made again after a lost answer
            self.title,
            self._limits(""),
            timeout_seconds=options.timeout_seconds,
            attempts=options.attempts,
            refused=self.refused,
            is_repeatable=False,
            max_answer=self.max_answer,
        )

    def close(self) -> None:
        """Close the connections."""
        super().close()
        self._once.close()

    # --- calls --------------------------------------------------------------------------

    def headers(self) -> Mapping[str, str]:
        """The session; a new one where the last has ended."""
        if self._session is None:
            self._log_in()
        return {"authorization": f"Session {self._session}"}

    def _log_in(self) -> None:
        user, password = self._options.user, self._secrets[0]
        user_id, token = self._rpc(
            "common.db.login", user, {"password": password}, "en",
            read=lambda found: (int(found[0]), str(found[1])), headers=dict,
        )  # fmt: skip
        self._session = base64.b64encode(f"{user}:{user_id}:{token}".encode()).decode()
        self._secrets = (password, token, self._session)

    def _rpc(
        self,
        method: str,
        *parameters: object,
        read: Callable[[Any], _Read],
        headers: Callable[[], Mapping[str, str]] | None = None,
        is_repeatable: bool = True,
    ) -> _Read:
        """What `read` makes of the result. Raises RecordRejected for a UserError."""
        body = {"id": 0, "method": method, "params": parameters}
        return (self._caller if is_repeatable else self._once).call(
            "POST",
            f"{self._base}/{self._options.database}/rpc/",
            json_bytes(body),
            lambda: {"content-type": "application/json", **(headers or self.headers)()},
            read=lambda answer: self._understood(answer, lambda found: read(self._result(found))),
        )

    def _call(
        self,
        method: str,
        *parameters: object,
        read: Callable[[Any], _Read],
        model: str = "",
        active: bool = False,
        is_repeatable: bool = True,
    ) -> _Read:
        """A method of a model. active: whether inactive records are passed over."""
        context = {"language": "en", "company": self._options.company, "active_test": active}
        return self._rpc(
            f"model.{model or self._model}.{method}", *parameters, context,
            read=read, is_repeatable=is_repeatable,
        )  # fmt: skip

    def _search(
        self, domain: Sequence[Any], fields: Sequence[str], model: str = "", active: bool = False
    ) -> list[Record]:
        return self._call(
            "search_read", domain, 0, None, [["id", "ASC"]], ["id", *fields],
            read=_records, model=model, active=active,
        )  # fmt: skip

    def _result(self, found: Mapping[str, Any]) -> Any:
        if "error" in found:
            raise self._fault(found["error"])
        return found["result"]

    def _fault(self, error: Sequence[Any]) -> CdpError:
        """A UserError's words without what it quotes; nothing of a fault inside the server."""
        kind, *rest = error
        if kind == "ConcurrencyException":
            return RetriableError("Somebody else has just changed a record at Tryton")
        if kind not in ("UserError", "UserWarning"):
            return RecordRejected("Tryton cannot work with it", "rejected")
        words = re.sub(r'"[^"]*"', "…", str(rest[0][0]))
        reason = next((why for known, why in self.reasons.items() if known in words), "rejected")
        message = scrubbed(words, Row("", {}), *self._secrets)
        return RecordRejected(f"Tryton refused it: {message}", reason)

    def refused(self, answer: Answer) -> CdpError | None:
        """401 is told for a wrong password, and for a session that has ended."""
        if answer.status != 401:
            return None
        if self._session is None:
            return FatalDestinationError("Tryton lets nobody in. Check the user and the password.")
        self._session = None
        return RetriableError("Tryton's session has ended", 0)

    def _having(self, kind: str, values: Sequence[str], active: bool) -> dict[str, list[str]]:
        """Value → parties that have such a contact mechanism, however it is written."""
        likes = [["value", "ilike", f"%{_literal(value.strip())}%"] for value in values]
        domain: list[Any] = [["type", "=", kind], ["OR", *likes]]
        if active:
            domain.append(["party.active", "=", True])
        found: dict[str, dict[str, None]] = {}
        for item in self._search(
            domain, ["party", "value"], "party.contact_mechanism", active=active
        ):
            found.setdefault(_same(kind, item["value"]), {})[str(item["party"])] = None
        return {value: list(found[_same(kind, value)]) for value in values
                if _same(kind, value) in found}  # fmt: skip

    def _run_wizard(self, party: int) -> None:
        wizard = "wizard.party.erase"
        session = self._rpc(f"{wizard}.create", {}, read=lambda found: int(found[0]))
        answers = {"ask": {"party": party}}
        self._rpc(f"{wizard}.execute", session, answers, "erase", {}, read=lambda _: None)
        self._rpc(f"{wizard}.delete", session, {}, read=lambda _: None)


def _records(found: Any) -> list[Record]:
    return [record for record in found if isinstance(record["id"], int)]


def mechanism_commands(kind: str, value: Any, record: Record | None) -> list[Any]:
    """Commands that leave the party with this contact mechanism, and without an older one
    from here."""
    there = [
        item
        for item in (record or {}).get("contact_mechanisms.", ())
        if item["type"] == kind and item["active"]
    ]
    ours = [item["id"] for item in there if item["name"] == _OURS]
    wanted = _one_line(str(value or ""))
    equal = [item["id"] for item in there if _same(kind, item["value"]) == _same(kind, wanted)]
    if not wanted or equal:
        stale = [item for item in ours if item not in equal]
        return [["delete", stale]] if stale else []
    if ours:
        return [["write", ours[:1], {"value": wanted}]]
    return [["create", [{"type": kind, "value": wanted, "name": _OURS}]]]


def _same(kind: str, value: str) -> str:
    """A contact mechanism's value as two of them are compared."""
    return re.sub(r"[^\d+]", "", value) if kind in _PHONES else value.strip().lower()


def _literal(value: str) -> str:
    """A text in which ilike finds no wildcard."""
    return re.sub(r"([\\%_])", r"\\\1", value)


def _one_line(value: str) -> str:
    return " ".join(value.split())


def rpc_value(kind: str, value: Any) -> Any:
    """As JSON-RPC has it: dates, times and decimals are objects with a class."""
    if isinstance(value, str):
        return _one_line(value) if kind == "char" else value
    if value is not None and kind == "numeric":
        return {"__class__": "Decimal", "decimal": str(Decimal(str(value)))}
    if isinstance(value, datetime):
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{name: getattr(value, name) for name in names}}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    return value
