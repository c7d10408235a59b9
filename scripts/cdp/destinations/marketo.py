"""Marketo Engage: leads, and who is in a static list.

Nearly every answer is 200: whether a call succeeded stands in `success`, and of a row in its
`status`, with reasons. A token that is over is fetched anew and the call made again; a limit
that is reached is waited out. A lead that the ledger knows is updated by its own id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from pydantic import Field as Setting

from cdp.destinations._accounts import Window
from cdp.destinations._api import Api, ApiOptions
from cdp.destinations._base import (
    Batch,
    Delivery,
    Fact,
    Field,
    NoAnswer,
    Object,
    Outcome,
    Person,
    Row,
    json_bytes,
)
from cdp.destinations._secrets import SecretName, read_secret
from cdp.errors import CdpError, FatalDestinationError, RecordRejected, RetriableError

__all__ = ["DESTINATION", "Marketo", "MarketoOptions"]

_ROWS = 300  # a call
_LIST = "list"
_DELETE = "/rest/v1/leads/delete.json"
_FORM = "application/x-www-form-urlencoded"
_TOKEN_OVER = ("600", "601", "602")
_WAITS = {  # seconds; a code of these says that nothing was executed
    **dict.fromkeys(("502", "604", "611", "713"), 5.0),
    **dict.fromkeys(("606", "608"), 20.0),
    "615": 2.0,
}
_GONE = ("1004", "1015")  # no such lead, not in the list
_CONSENT = ("unsubscribed", "marketingSuspended", "blackListed")
_KINDS = {
    "boolean": "boolean",
    "currency": "float",
    "date": "date",
    "datetime": "timestamp",
    "float": "float",
    "integer": "integer",
    "percent": "float",
    "score": "integer",
}

_Read = TypeVar("_Read")


class MarketoOptions(ApiOptions):
    """munchkin_id: of the instance, as in 123-ABC-456.mktorest.com. client_id: of the custom
    service. secret_env: its client secret. list_id: of the object list, a static list."""

    munchkin_id: Annotated[str, Setting(pattern=r"^\d{3}-[A-Z]{3}-\d{3}$")]
    client_id: Annotated[str, Setting(pattern=r"^[0-9a-zA-Z-]+$")]
    secret_env: SecretName
    list_id: str | None = Setting(default=None, pattern=r"^\d+$")


class Marketo(Api):
    """Leads of an instance, and members of a static list."""

    title = "Marketo"
    summary = "Rows become leads, or members of a static list."
    modes = frozenset({"upsert", "update", "create", "mirror", "audience"})
    objects = MappingProxyType(
        {
            "leads": Object("people, by email or another field that finds one lead"),
            _LIST: Object("who is in the list `list_id`; leads are not made, only found"),
        }
    )
    default_object = "leads"
    options = MarketoOptions
    base_url = ""  # each instance has its own
    can_look_up = True
    skips_nulls = True
    batch_rows = _ROWS
    batch_bytes = 900_000
    row_bytes = 200_000
    look_up_rows = _ROWS
    windows = MappingProxyType({"": (Window(100, 20), Window(50_000, 86_400))})
    reasons = MappingProxyType(
        {
            "1002": "missing_value",
            "1003": "invalid_value",
            "1004": "not_found",
            "1005": "conflict",
            "1006": "unknown_field",
            "1007": "duplicate",
        }
    )
    erases = (
        "Leads with the person's id, match field or any known email are deleted for good; what "
        "Marketo keeps of an unsubscribed address stays. Whoever leaves a mirror of leads is "
        "deleted, too; a list only loses a member."
    )
    known_on = "2026-11-22"
    facts = (
        Fact("300 leads and 1 MB a call", "vendor's documentation (error codes, 413); a shipping "
             "connector"),
        Fact("response errors come with 200 and success false; a code 6xx always means that "
             "nothing was executed", "vendor's documentation (error codes), read 2026-11-22"),
        Fact("a row is created, updated, added, removed, deleted or skipped, with reasons",
             "vendor's documentation (error codes), read 2026-11-22"),
        Fact("601 and 602: the token is over; 606: 100 calls in 20 s; 615: 10 at once; 607: the "
             "day's quota, 50,000 by default", "vendor's documentation (error codes)"),
        Fact("a long query is a POST with _method=GET in the address", "vendor's documentation "
             "(error codes, 414), read 2026-11-22"),
        Fact("the token is fetched by POST, so that no address holds the secret",
             "a shipping connector"),
        Fact("unsubscribed, marketingSuspended and blackListed are never written: false would "
             "subscribe somebody again", "this module's choice"),
    )  # fmt: skip
    example = MappingProxyType(
        {
            "cdp_destination": "marketo",
            "cdp_object": "leads",
            "cdp_mode": "upsert",
            "cdp_match": ["record_id", "email"],
            "cdp_purpose": "marketing_email",
            "cdp_fields": {
                "email": "email",
                "firstName": "first_name",
                "cdpLastOrderAt": "last_order_at",
            },
            "cdp_options": {
                "munchkin_id": "123-ABC-456",
                "client_id": "11111111-2222-3333-4444-555555555555",
                "secret_env": "DBT_ENV_SECRET_MARKETO_SECRET",
            },
            "cdp_echoes_in": "marketo",
        }
    )
    collections = MappingProxyType({_LIST: "list_id"})
    _options: MarketoOptions

    @classmethod
    def account(cls, options: MarketoOptions) -> str:
        """The instance: its limits hold for all services."""
        return f"marketo:{options.munchkin_id}"

    def __init__(self, delivery: Delivery, options: MarketoOptions) -> None:
        secret = read_secret(options.secret_env, "Marketo's client secret")
        super().__init__(delivery, options)
        self._base = options.base_url or f"https://{options.munchkin_id}.mktorest.com"
        self._secrets = (secret,)
        self._token = ""
        self._is_list = delivery.target_object == _LIST
        self._list_path = f"/rest/v1/lists/{options.list_id}/leads.json"

    # --- calls --------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        read: Callable[[Any], _Read],
        content_type: str = "application/json",
    ) -> _Read:
        """A call with the token; `read` gets an answer whose `success` is true."""
        content = body if isinstance(body, bytes) or body is None else json_bytes(body)
        return self._caller.call(
            method,
            self._base + path,
            content,
            lambda: {
                "authorization": f"Bearer {self._access_token()}",
                "accept": "application/json",
                **({} if content is None else {"content-type": content_type}),
            },
            read=lambda answer: self._understood(answer, lambda found: read(self._result(found))),
            account=self._limits(""),
        )

    def _access_token(self) -> str:
        """Fetched where there is none, or where the last one is over."""
        if not self._token:
            form = {
                "grant_type": "client_credentials",
                "client_id": self._options.client_id,
                "client_secret": self._secrets[0],
            }
            self._token = self.call(
                "POST",
                "/identity/oauth/token",
                urlencode(form).encode(),
                read=lambda found: str(found["access_token"]),
                content_type=_FORM,
            )
        return self._token

    def _result(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer, if it is one of success; raises what its first error means."""
        if found["success"] is True:
            return found
        (error, *_) = found["errors"]
        raise self._fault(str(error["code"]))

    def _fault(self, code: str) -> CdpError:
        if code in _TOKEN_OVER:
            self._token = ""
            return RetriableError("Marketo's token is over", 0.1)
        if code in _WAITS:
            self._limits("").pause(_WAITS[code])
            return RetriableError(f"Marketo answered {code}", _WAITS[code])
        if code == "607":
            return FatalDestinationError("Marketo's calls of today are used up. Go on tomorrow.")
        if code == "603":
            return FatalDestinationError("Marketo's service may not do this. Give its role access.")
        if code.startswith("6"):
            return FatalDestinationError(f"Marketo answered {code}. Look it up in its error codes.")
        return RecordRejected(f"Marketo refused it: {code}", self.reasons.get(code, "rejected"))

    # --- what is there ------------------------------------------------------------------

    def catalogue(self) -> Mapping[str, Field]:
        """The fields of a lead, by the names of the REST API."""
        return self._ask(
            "GET",
            "/rest/v1/leads/describe.json",
            read=lambda found: {
                item["rest"]["name"]: _field(item) for item in found["result"] if "rest" in item
            },
        )

    def check(self) -> Iterator[str]:
        """The fields, and the match field."""
        yield from super().check()
        match = self._delivery.match
        if match not in self._delivery.fields and match not in (self._known_fields or {}):
            yield f"cdp_match: leads have no field '{match}'. Use email, or make one."

    def refusal(self, row: Row) -> Outcome | None:
        """To Marketo a value with a comma is several, when it is looked up."""
        if "," in row.id:
            return Outcome("rejected", "invalid_value", f"{self._delivery.match} has a comma")
        return super().refusal(row)

    def look_up(self, field: str, values: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Leads by a field; Marketo compares without regard to case."""
        if field not in (self._known_fields or {}):
            return {}
        found: dict[str, list[str]] = {}
        asked = [value for value in dict.fromkeys(values) if "," not in value]
        if not asked:
            return found
        query = {"filterType": field, "filterValues": ",".join(asked)}
        query |= {"fields": f"id,{field}", "batchSize": str(_ROWS)}
        after: str | None = ""
        while after is not None:
            form = urlencode(query | ({"nextPageToken": after} if after else {})).encode()
            path = "/rest/v1/leads.json?_method=GET"
            leads, after = self._ask("POST", path, form, read=_page, content_type=_FORM)
            for lead in leads:
                found.setdefault(str(lead.get(field) or "").lower(), []).append(str(lead["id"]))
        return {value: found[value.lower()] for value in values if value.lower() in found}

    def _record_ids(self, rows: Sequence[Row]) -> dict[str, list[str]]:
        """row.id → the ids of its leads."""
        ids = {row.id: [row.record_id] for row in rows if row.record_id}
        others = [row.id for row in rows if row.id not in ids]
        for start in range(0, len(others), _ROWS):
            found = self.look_up(self._delivery.match, others[start : start + _ROWS])
            ids |= {value: list(leads) for value, leads in found.items()}
        return ids

    # --- what is written ----------------------------------------------------------------

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Update by id, create or update by the match field, or add to the list."""
        if self._is_list:
            return self._add(batch.rows)
        known = [row for row in batch.rows if row.record_id]
        new = [row for row in batch.rows if not row.record_id]
        update = partial(self._sync, action="updateOnly", by="id")
        put = partial(self._sync, action="createOrUpdate", by=self._delivery.match)
        return self.in_turn(batch.rows, ((known, update), (new, put)))

    def _sync(self, rows: Sequence[Row], action: str, by: str) -> list[Outcome]:
        leads = [
            {self._delivery.match: row.id, **row.fields}
            | ({"id": int(row.record_id)} if row.record_id else {})
            for row in rows
        ]
        body = {"action": action, "lookupField": by, "input": leads}
        return self._ask(
            "POST", "/rest/v1/leads.json", body, read=lambda found: self._outcomes(rows, found)
        )

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Take them off the list, or delete the leads."""
        leads = self._leads(batch.rows)
        if self._is_list:
            outcomes = self._each("DELETE", self._list_path, leads, is_removal=True)
        else:
            outcomes = self._each("POST", _DELETE, leads, is_removal=True)
        return [outcomes.get(row.id, Outcome("acknowledged")) for row in batch.rows]

    def _add(self, rows: Sequence[Row]) -> list[Outcome]:
        """Who is no lead cannot be in a list: a later run tries again."""
        first = {row.id: (row, lead) for row, lead in reversed(self._leads(rows))}
        outcomes = self._each("POST", self._list_path, list(first.values()), is_removal=False)
        return [outcomes.get(row.id, Outcome("aborted", "not_found")) for row in rows]

    def _leads(self, rows: Sequence[Row]) -> list[tuple[Row, str]]:
        """Each row with each of its leads."""
        ids = self._record_ids(rows)
        return [(row, lead) for row in rows for lead in ids.get(row.id, ())]

    def _each(
        self, method: str, path: str, leads: Sequence[tuple[Row, str]], *, is_removal: bool
    ) -> dict[str, Outcome]:
        """row.id → what became of its leads: a refusal, if one of them was refused."""
        outcomes: dict[str, Outcome] = {}
        for start in range(0, len(leads), _ROWS):
            rows = [row for row, _ in leads[start : start + _ROWS]]
            body = {"input": [{"id": int(lead)} for _, lead in leads[start : start + _ROWS]]}
            read = partial(self._outcomes, rows, is_removal=is_removal)
            for row, outcome in zip(rows, self._ask(method, path, body, read=read), strict=True):
                if outcomes.get(row.id, outcome).status != "rejected":
                    outcomes[row.id] = outcome
        return outcomes

    def _outcomes(
        self, rows: Sequence[Row], found: Mapping[str, Any], is_removal: bool = False
    ) -> list[Outcome]:
        results = found["result"]
        if len(results) != len(rows):
            raise NoAnswer(f"Marketo answered for {len(results)} of {len(rows)} rows")
        return [self._outcome(*pair, is_removal) for pair in zip(rows, results, strict=True)]

    def _outcome(self, row: Row, result: Mapping[str, Any], is_removal: bool) -> Outcome:
        if result["status"] != "skipped":
            return Outcome("acknowledged", destination_id=str(result["id"]))
        (reason, *_) = result["reasons"]
        if is_removal and str(reason["code"]) in _GONE:
            return Outcome("acknowledged")
        return self.rejected(row, str(reason["code"]), str(reason.get("message") or ""))

    # --- erasure ------------------------------------------------------------------------

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Delete every lead that is the person."""
        return [self._erase(person) for person in people]

    def _erase(self, person: Person) -> Outcome:
        row = Row(person.id, {}, person.record_id)
        leads = {lead for _, lead in self._leads([row])}
        if emails := list(person.identifiers.get("email", ())):
            leads.update(*self.look_up("email", emails).values())
        pairs = [(row, lead) for lead in sorted(leads)]
        outcomes = self._each("POST", _DELETE, pairs, is_removal=True)
        return outcomes.get(row.id, Outcome("acknowledged"))


def _field(item: Mapping[str, Any]) -> Field:
    name, kind = item["rest"]["name"], _KINDS.get(item["dataType"], "text")
    length = item.get("length") if kind == "text" else None
    return Field(kind, length, not item["rest"].get("readOnly") and name not in _CONSENT)


def _page(found: Mapping[str, Any]) -> tuple[list[Any], str | None]:
    return found.get("result") or [], found.get("nextPageToken") or None


DESTINATION = Marketo
