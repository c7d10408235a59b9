"""Salesforce: records of any object, by an external id field.

Under 2,000 rows go by sObject Collections, 200 a call; from there on a batch is a job of
Bulk API 2.0. An upsert names the external id alone, never a record's own Id. Where a row is
to adopt or take over a record that has another external id, that record is first updated by
its Id, so that no second one is made.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from pydantic import Field as Setting

from cdp.destinations._api import Api, ApiOptions
from cdp.destinations._base import (
    Batch,
    Delivery,
    Fact,
    Field,
    NoAnswer,
    Outcome,
    Person,
    Row,
)
from cdp.destinations._http import Answer
from cdp.destinations._secrets import SecretName, read_secret
from cdp.errors import CdpError, FatalDestinationError, RecordRejected, RetriableError

__all__ = ["DESTINATION", "Salesforce", "SalesforceOptions"]

_VERSION = "66.0"
_A_CALL = 200  # records
_A_READ = 2000  # record ids
_BULK_TEXT = 32_000  # characters of a value
_NULL = "#N/A"  # in a CSV file: clear the field; an empty value leaves it
_LOCKED = "UNABLE_TO_LOCK_ROW"
_LOCK_PAUSES = (1, 4)  # seconds before the rows go again
_BUSY_PAUSE = 5  # seconds, where too many calls are under way
_GONE = ("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID")
_UNDER_WAY = ("Open", "UploadComplete", "InProgress")
_WAITS = 10  # looks at a job of erasure before a later call goes on
_KINDS = {
    "int": "integer", "double": "float", "currency": "float", "percent": "float",
    "boolean": "boolean", "date": "date", "datetime": "timestamp",
}  # fmt: skip
_ESCAPES = str.maketrans(
    {
        "\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t",
        "\b": "\\b", "\f": "\\f",
    }
)  # fmt: skip

_Read = TypeVar("_Read")


class SalesforceOptions(ApiOptions):
    """domain: the first part of the org's My Domain address, before .my.salesforce.com.
    client_id_env: the client app's consumer key. client_secret_env: its consumer secret.
    bulk_from: rows of a batch from which it is a job of Bulk API 2.0."""

    domain: str = Setting(pattern=r"^[A-Za-z0-9-]+(\.[a-z]+)?$")
    client_id_env: SecretName
    client_secret_env: SecretName
    bulk_from: int = Setting(default=2000, ge=1)


@dataclass(frozen=True)
class _Job:
    """A job under way. keys: row.id → its value of `column`; settled: outcomes of rows that
    are not in it, by row.id."""

    id: str
    column: str
    keys: Mapping[str, str]
    settled: Mapping[str, Outcome] = field(default_factory=dict)


class Salesforce(Api):
    """Records of one object."""

    title = "Salesforce"
    summary = "Rows become records of any object, found by an external id field."
    modes = frozenset({"upsert", "update", "create", "mirror"})
    default_object = "Contact"
    options = SalesforceOptions
    base_url = "https://login.salesforce.com"
    max_answer = 50_000_000
    can_look_up = True
    polls = True
    skips_nulls = True
    batch_rows = 10_000
    batch_bytes = 5_000_000
    reasons = MappingProxyType(
        {
            "DUPLICATES_DETECTED": "conflict",
            "DUPLICATE_EXTERNAL_ID": "duplicate",
            "DUPLICATE_VALUE": "conflict",
            "ENTITY_IS_DELETED": "not_found",
            "FEATURENOTENABLED": "not_allowed",
            "FIELD_CUSTOM_VALIDATION_EXCEPTION": "invalid_value",
            "FIELD_INTEGRITY_EXCEPTION": "invalid_value",
            "INSUFFICIENT_ACCESS_OR_READONLY": "not_allowed",
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "not_allowed",
            "INVALID_CROSS_REFERENCE_KEY": "not_found",
            "INVALID_EMAIL_ADDRESS": "invalid_value",
            "INVALID_FIELD": "unknown_field",
            "INVALID_FIELD_FOR_INSERT_UPDATE": "not_allowed",
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "invalid_value",
            "JSON_PARSER_ERROR": "invalid_value",
            "NUMBER_OUTSIDE_VALID_RANGE": "invalid_value",
            "REQUIRED_FIELD_MISSING": "missing_value",
            "STRING_TOO_LONG": "too_long",
        }
    )
    erases = (
        "Records are deleted for good by a hardDelete job, which needs the permission Bulk API "
        "Hard Delete; what was removed before lies in the recycle bin, and the erasure stays "
        "pending until Salesforce empties it after 15 days."
    )
    facts = (
        Fact("sObject Collections upsert: 200 records, results in the order of the request, "
             "only external ids, no id in any record", "vendor's REST API guide, read 2026-11-22"),
        Fact("REST under 2,000 records, Bulk API 2.0 above; a job that fails leaves unprocessed "
             "records, to be sent in a new one", "vendor's Bulk API 2.0 guide, read 2026-11-22"),
        Fact("a job's batches are 10,000 records; a value takes 32,000 characters; #N/A clears "
             "a field, an empty value leaves it", "vendor's Bulk API 2.0 guide and limits"),
        Fact("a job and its data are deleted here once its results are read; else Salesforce "
             "keeps them for 7 days", "vendor's Bulk API 2.0 guide"),
        Fact("client-credentials flow at the org's My Domain; calls go to the instance_url of "
             "the answer", "vendor's help on OAuth 2.0 flows, read 2026-11-22"),
        Fact("403 REQUEST_LIMIT_EXCEEDED is told for calls of 24 h, and for too many at once",
             "vendor's REST API guide, status codes"),
    )  # fmt: skip
    example = MappingProxyType(
        {
            "cdp_destination": "salesforce",
            "cdp_object": "Contact",
            "cdp_mode": "upsert",
            "cdp_match": ["record_id", "CDP_Id__c", "Email"],
            "cdp_purpose": "sales_outreach",
            "cdp_fields": {
                "CDP_Id__c": "profile_id",
                "Email": "email",
                "FirstName": "first_name",
                "LastName": "last_name",
                "CDP_Last_Order_At__c": "last_order_at",
            },
            "cdp_options": {
                "domain": "acme",
                "client_id_env": "DBT_ENV_SECRET_SALESFORCE_CLIENT_ID",
                "client_secret_env": "DBT_ENV_SECRET_SALESFORCE_CLIENT_SECRET",
            },
            "cdp_echoes_in": "salesforce",
        }
    )
    _options: SalesforceOptions

    @classmethod
    def problems(cls, target_object: str, mode: str, options: SalesforceOptions) -> Iterator[str]:
        """The object's name stands in paths and queries."""
        if not (target_object.isascii() and target_object.isidentifier()):
            yield f"cdp_object is the name of a Salesforce object, not '{target_object}'."

    @classmethod
    def place(cls, target_object: str, options: SalesforceOptions) -> str:
        """The org is known by its domain."""
        return f"{cls.account(options)}/{target_object}"

    @classmethod
    def account(cls, options: SalesforceOptions) -> str:
        """As place."""
        return f"salesforce:{options.domain}"

    def __init__(self, delivery: Delivery, options: SalesforceOptions) -> None:
        client_id = read_secret(options.client_id_env, "Salesforce's consumer key")
        secret = read_secret(options.client_secret_env, "Salesforce's consumer secret")
        super().__init__(delivery, options)
        self._base = options.base_url or f"https://{options.domain}.my.salesforce.com"
        self._secrets = (client_id, secret)
        self._token: str | None = None
        self._object, self._match = delivery.target_object, delivery.match
        self._keys: set[str] = set()  # fields by which an upsert finds a record
        self._emails: set[str] = set()
        self._numbers: set[str] = set()  # fields whose values stand unquoted in a query
        self._jobs: dict[str, _Job] = {}

    # --- calls --------------------------------------------------------------------------

    def headers(self) -> Mapping[str, str]:
        """The session's token; a new one where the last has ended."""
        if self._token is None:
            self._log_in()
        return {"authorization": f"Bearer {self._token}"}

    def _log_in(self) -> None:
        """By client credentials; the answer says where the calls go."""
        client_id, secret = self._secrets[:2]
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
        }
        found = self._caller.call(
            "POST",
            f"{self._base}/services/oauth2/token",
            urlencode(form).encode(),
            lambda: {"content-type": "application/x-www-form-urlencoded"},
            read=lambda answer: self._understood(answer, _session),
        )
        token, instance = found
        if self._options.base_url is None:
            self._base = instance
        self._token, self._secrets = token, (client_id, secret, token)

    def _ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        read: Callable[[Any], _Read],
        content_type: str = "application/json",
    ) -> _Read:
        if self._token is None:
            self._log_in()
        return self.call(
            method, f"/services/data/v{_VERSION}{path}", body, read=read, content_type=content_type
        )

    def refused(self, answer: Answer) -> CdpError | None:
        """Salesforce's error code, its limits, and sessions that have ended."""
        code, message = _error(answer.body)
        if answer.status == 401 and code == "INVALID_SESSION_ID":
            self._token = None
            return RetriableError("Salesforce's session has ended", 0)
        if code == "REQUEST_LIMIT_EXCEEDED":
            if "concurrent" in message.lower():
                return RetriableError("Salesforce has too many calls under way", _BUSY_PAUSE)
            return FatalDestinationError(
                "Salesforce's calls of 24 hours are used up. Go on later, or raise the limit."
            )
        if answer.status in (401, 403) or code in ("invalid_client", "invalid_client_id"):
            return FatalDestinationError(
                f"Salesforce lets nobody in: {code or answer.status}. Check the consumer key and "
                "secret, and what the app's user may do."
            )
        if answer.status in (400, 404):
            return RecordRejected(
                f"Salesforce refused it: {code}", self.reasons.get(code, "rejected")
            )
        return None

    # --- what is there ------------------------------------------------------------------

    def catalogue(self) -> Mapping[str, Field]:
        """The object's fields."""
        try:
            return self._ask("GET", f"/sobjects/{self._object}/describe", read=self._described)
        except RecordRejected as error:
            raise FatalDestinationError(
                f"Salesforce has no object {self._object}, or its user may not see it. "
                "Fix cdp_object, or its permissions."
            ) from error

    def _described(self, found: Mapping[str, Any]) -> dict[str, Field]:
        fields = found["fields"]
        self._keys = {item["name"] for item in fields if item["externalId"] or item["idLookup"]}
        self._emails = {item["name"] for item in fields if item["type"] == "email"}
        self._numbers = {
            item["name"] for item in fields if _KINDS.get(item["type"]) in ("integer", "float")
        }
        return {item["name"]: _field(item) for item in fields}

    def check(self) -> Iterator[str]:
        """The fields, and whether the match field may name a record in an upsert."""
        yield from super().check()
        known = self._known_fields or {}
        if self._match not in known:
            if self._match not in self._delivery.fields:
                yield (
                    f"cdp_match: {self._object} has no field '{self._match}'. "
                    "Make an external id, unique."
                )
        elif self._match not in self._keys:
            yield (
                f"cdp_match: '{self._match}' is no external id at Salesforce. "
                "Use a field that was made as one, unique."
            )

    def look_up(self, field: str, values: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Records by any field; Salesforce does not tell capitals from small letters."""
        if field not in (self._known_fields or {}):
            return {}
        records: dict[str, list[str]] = {}
        for item in self._query(f"Id, {field}", field, values):
            records.setdefault(_same(item[field]), []).append(item["Id"])
        return {value: records[_same(value)] for value in values if _same(value) in records}

    def _query(
        self, columns: str, field: str, values: Sequence[str], path: str = "/query"
    ) -> Iterator[Mapping[str, Any]]:
        """Records whose `field`, one of the catalogue's, has one of the values."""
        literals = ", ".join(
            value if field in self._numbers and _is_number(value) else _quoted(value)
            for value in dict.fromkeys(values)
        )
        soql = f"SELECT {columns} FROM {self._object} WHERE {field} IN ({literals})"  # noqa: S608
        following: str | None = f"{path}?q={quote(soql, safe='')}"
        while following:
            found, more = self._ask("GET", following, read=_page)
            yield from found
            following = more and more.removeprefix(f"/services/data/v{_VERSION}")

    def _external_ids(self, record_ids: Sequence[str]) -> dict[str, str]:
        """Record id → its external id, "" for none; those that are gone are missing."""
        found: dict[str, str] = {}
        for asked in _parts(record_ids, _A_READ):
            body = {"ids": asked, "fields": [self._match]}
            path = f"/composite/sobjects/{self._object}"
            records = self._ask("POST", path, body, read=_in_order(asked))
            found |= {key: str(record[self._match] or "") for key, record in records if record}
        return found

    # --- what is written ----------------------------------------------------------------

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """By the external id; a record that has another is given this one first."""
        known = self._external_ids([row.record_id for row in batch.rows if row.record_id])
        others = [row for row in batch.rows if _has_another(row, known)]
        gone = [row for row in batch.rows if row.record_id and row.record_id not in known]
        settled = dict(zip([row.id for row in others], self._rekey(others), strict=True))
        settled |= {row.id: self.rejected(row, _GONE[0]) for row in gone}
        rest = [row for row in batch.rows if row.id not in settled]
        if len(rest) >= self._options.bulk_from and all(map(_fits_a_file, rest)):
            body = {"operation": "upsert", "externalIdFieldName": self._match}
            text = _csv([self._record(row) for row in rest], (self._match, *self._delivery.fields))
            keys = {row.id: row.id for row in rest}
            self._jobs[batch.key] = _Job(self._start(body, text), self._match, keys, settled)
            return [settled.get(row.id) or Outcome("accepted") for row in batch.rows]
        done = iter(self._in_parts(rest, self._put))
        return [settled.get(row.id) or next(done) for row in batch.rows]

    def _rekey(self, rows: Sequence[Row]) -> Sequence[Outcome]:
        return self._in_parts(rows, lambda part: self._write("", part, with_id=True))

    def _put(self, rows: Sequence[Row]) -> list[Outcome]:
        return self._write(f"/{self._object}/{self._match}", rows)

    def _record(self, row: Row) -> dict[str, Any]:
        return {self._match: row.id, **row.fields}

    def _write(self, path: str, rows: Sequence[Row], with_id: bool = False) -> list[Outcome]:
        """One call; rows that somebody else has locked go again, at last in a later run."""
        outcomes: dict[int, Outcome] = {}
        waiting = list(enumerate(rows))
        for pause in (0, *_LOCK_PAUSES):
            if pause:
                self._limits("").pause(pause)
            records = [
                {
                    "attributes": {"type": self._object},
                    **({"id": row.record_id} if with_id else {}),
                    **self._record(row),
                }
                for _, row in waiting
            ]
            body = {"allOrNone": False, "records": records}
            found = self._ask("PATCH", f"/composite/sobjects{path}", body, read=_in_order(waiting))
            outcomes |= {number: self._outcome(row, result) for (number, row), result in found}
            waiting = [(number, row) for number, row in waiting if outcomes[number].code == _LOCKED]
            if not waiting:
                break
        return [outcomes[number] for number in range(len(rows))]

    def _outcome(self, row: Row, result: Mapping[str, Any]) -> Outcome:
        if result["success"]:
            return Outcome("acknowledged", destination_id=result["id"])
        error = result["errors"][0]
        return self._failed(row, error["statusCode"], error["message"])

    def _failed(self, row: Row, code: str, message: str) -> Outcome:
        if code == _LOCKED:
            return Outcome("aborted", _LOCKED)
        return self.rejected(row, code, message)

    def _in_parts(
        self, rows: Sequence[Row], send: Callable[[Sequence[Row]], Sequence[Outcome]]
    ) -> list[Outcome]:
        """Outcomes of calls of 200; what was confirmed stays so when a later call fails."""
        outcomes: list[Outcome] = []
        for part in _parts(rows, _A_CALL):
            try:
                outcomes += send(part)
            except (RetriableError, FatalDestinationError) as error:
                if not outcomes:
                    raise
                failed = Outcome("aborted", "not_taken", str(error))
                if isinstance(error, NoAnswer):
                    outcomes += [Outcome("unknown", "no_answer", str(error)) for _ in part]
                return outcomes + [failed] * (len(rows) - len(outcomes))
        return outcomes

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Delete, into the recycle bin; what is not there counts as deleted."""
        ids = self._record_ids(batch.rows)
        there = [row for row in batch.rows if row.id in ids]
        settled = {row.id: Outcome("acknowledged") for row in batch.rows if row.id not in ids}
        if len(there) >= self._options.bulk_from:
            text = _csv([{"Id": ids[row.id]} for row in there], ("Id",))
            keys = {row.id: ids[row.id] for row in there}
            self._jobs[batch.key] = _Job(
                self._start({"operation": "delete"}, text), "Id", keys, settled
            )
            return [settled.get(row.id) or Outcome("accepted") for row in batch.rows]
        done = iter(self._in_parts(there, lambda part: self._delete(part, ids)))
        return [settled.get(row.id) or next(done) for row in batch.rows]

    def _delete(self, rows: Sequence[Row], ids: Mapping[str, str]) -> list[Outcome]:
        given = ",".join(ids[row.id] for row in rows)
        return self._ask(
            "DELETE", f"/composite/sobjects?ids={given}&allOrNone=false",
            read=lambda found: [
                self._deleted(row, result) for row, result in zip(rows, found, strict=True)
            ],
        )  # fmt: skip

    def _deleted(self, row: Row, result: Mapping[str, Any]) -> Outcome:
        if not result["success"] and result["errors"][0]["statusCode"] in _GONE:
            return Outcome("acknowledged")
        return self._outcome(row, result)

    def _record_ids(self, rows: Sequence[Row]) -> dict[str, str]:
        """row.id → the id of its record, of those that have one."""
        ids = {row.id: row.record_id for row in rows if row.record_id}
        for part in _parts([row.id for row in rows if row.id not in ids], self.look_up_rows):
            ids |= {value: found[0] for value, found in self.look_up(self._match, part).items()}
        return ids

    # --- jobs ---------------------------------------------------------------------------

    def _start(self, body: Mapping[str, str], text: str) -> str:
        """Make a job of these rows. A call that went unanswered and is refused when it is made
        again leaves an open job behind, and rows of which nobody knows."""
        form = {
            "object": self._object,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        form |= body
        job = self._ask("POST", "/jobs/ingest", form, read=lambda found: str(found["id"]))
        try:
            self._ask(
                "PUT", f"/jobs/ingest/{job}/batches", text.encode(),
                read=lambda _: None, content_type="text/csv; charset=UTF-8",
            )  # fmt: skip
            self._ask(
                "PATCH", f"/jobs/ingest/{job}", {"state": "UploadComplete"}, read=lambda _: None
            )
        except RecordRejected as error:
            raise NoAnswer(f"Salesforce did not take the job: {error}") from None
        return job

    def poll(self, batch: Batch) -> Sequence[Outcome] | None:
        """Successful, failed and unprocessed records of the job, once it has ended."""
        job = self._jobs[batch.key]
        if self._is_under_way(job.id):
            return None
        results = self._results(job.id, job.column)
        self._discard(job.id)
        return [
            job.settled.get(row.id) or self._job_outcome(row, job.keys[row.id], job.column, results)
            for row in batch.rows
        ]

    def _is_under_way(self, job: str) -> bool:
        return self._ask(
            "GET", f"/jobs/ingest/{job}", read=lambda found: found["state"] in _UNDER_WAY
        )

    def _results(self, job: str, column: str) -> dict[str, Mapping[str, Mapping[str, str]]]:
        """Kind of result → value of the column → line of the file."""
        return {
            kind: {line[column]: line for line in self._lines(f"/jobs/ingest/{job}/{kind}")}
            for kind in ("successfulResults", "failedResults", "unprocessedrecords")
        }

    def _lines(self, path: str) -> list[dict[str, str]]:
        return self._caller.call(
            "GET",
            f"{self._base}/services/data/v{_VERSION}{path}",
            None,
            lambda: {"accept": "text/csv", **self.headers()},
            read=lambda answer: list(csv.DictReader(io.StringIO(answer.body.decode(), newline=""))),
        )

    def _job_outcome(
        self, row: Row, key: str, column: str, results: Mapping[str, Mapping[str, Any]]
    ) -> Outcome:
        if line := results["successfulResults"].get(key):
            return Outcome("acknowledged", destination_id=line["sf__Id"])
        if line := results["failedResults"].get(key):
            code, message = _job_error(line)
            if column == "Id" and code in _GONE:
                return Outcome("acknowledged")
            return self._failed(Row(row.id, line), code, message)
        if key in results["unprocessedrecords"]:
            return Outcome("aborted", "unprocessed", "Salesforce's job ended before this row")
        return Outcome("unknown", "no_answer")

    def _discard(self, job: str) -> None:
        """Delete a job and its data."""
        try:
            self._ask("DELETE", f"/jobs/ingest/{job}", read=lambda _: None)
        except RecordRejected as error:
            if "NOT_FOUND" not in str(error):  # deleted by a call whose answer was lost
                raise NoAnswer(str(error)) from None

    # --- erasure ------------------------------------------------------------------------

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Delete for good; who is in the recycle bin is pending until it is emptied."""
        found = [self._kept(person) for person in people]
        there = sorted({record for kept in found for record, in_bin in kept.items() if not in_bin})
        is_over, failed = self._erased(there) if there else (True, {})
        return [self._erasure(kept, is_over, failed) for kept in found]

    def _kept(self, person: Person) -> dict[str, bool]:
        """Record id → whether it is in the recycle bin, of all that is held of somebody."""
        fields = self._known_fields or {}
        mails = list(person.identifiers.get("email", ()))
        asked = [(name, mails) for name in sorted(self._emails) if mails]
        asked += [(self._match, [person.id])] if self._match in fields else []
        asked += [("Id", [person.record_id])] if person.record_id else []
        return {
            item["Id"]: item["IsDeleted"]
            for name, values in asked
            for item in self._query("Id, IsDeleted", name, values, "/queryAll")
        }

    def _erased(self, record_ids: Sequence[str]) -> tuple[bool, Mapping[str, str]]:
        """Whether the job is over, and the records that it could not delete → why."""
        text = _csv([{"Id": record_id} for record_id in record_ids], ("Id",))
        try:
            job = self._start({"operation": "hardDelete"}, text)
        except RecordRejected as error:
            return True, dict.fromkeys(record_ids, error.code)
        for _ in range(_WAITS):
            if not self._is_under_way(job):
                results = self._results(job, "Id")
                self._discard(job)
                left = {**results["unprocessedrecords"], **results["failedResults"]}
                codes = {key: _job_error(line)[0] for key, line in left.items()}
                return True, {key: self.reasons.get(code, code) for key, code in codes.items()}
            self._limits("").pause(1)
        return False, {}

    def _erasure(
        self, kept: Mapping[str, bool], is_over: bool, failed: Mapping[str, str]
    ) -> Outcome:
        """What became of one person's records."""
        if refused := [failed[record] for record in kept if record in failed]:
            return Outcome("rejected", refused[0], "Salesforce did not delete it for good")
        if any(kept.values()) or (kept and not is_over):
            return Outcome("accepted")
        return Outcome("acknowledged")


_Part = TypeVar("_Part")


def _parts(found: Sequence[_Part], size: int) -> Iterator[Sequence[_Part]]:
    return (found[start : start + size] for start in range(0, len(found), size))


def _in_order(
    sent: Sequence[_Part],
) -> Callable[[Sequence[Mapping[str, Any]]], list[tuple[_Part, Mapping[str, Any]]]]:
    """Reads an answer that has a result for each thing sent, in order."""
    return lambda found: list(zip(sent, found, strict=True))


def _session(found: Mapping[str, Any]) -> tuple[str, str]:
    """(token, where calls go)."""
    instance = str(found["instance_url"]).rstrip("/")
    if not instance.startswith(("https://", "http://127.0.0.1:")):
        raise ValueError("calls go to https")
    return str(found["access_token"]), instance


def _field(item: Mapping[str, Any]) -> Field:
    kind = _KINDS.get(item["type"], "text")
    length = item["length"] if kind == "text" else None
    return Field(kind, length or None, item["createable"] or item["updateable"])


def _page(found: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], str | None]:
    return found["records"], None if found["done"] else found["nextRecordsUrl"]


def _quoted(value: str) -> str:
    """A text as it stands in a query."""
    return f"'{value.translate(_ESCAPES)}'"


def _is_number(value: str) -> bool:
    return value.lstrip("-").replace(".", "", 1).isdecimal() and value.isascii()


def _same(value: object) -> str:
    return str(value).strip().lower()


def _has_another(row: Row, known: Mapping[str, str]) -> bool:
    """Whether the row's record has another external id than the row."""
    there = known.get(row.record_id or "")
    return there is not None and _same(there) != _same(row.id)


def _fits_a_file(row: Row) -> bool:
    texts = [value for value in (row.id, *row.fields.values()) if isinstance(value, str)]
    return all(len(text) <= _BULK_TEXT and text != _NULL for text in texts)


def _csv(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """A file of records; one that lacks a column leaves that field as it is."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(columns)), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _written(value) for name, value in each.items()} for each in records)
    return text.getvalue()


def _written(value: Any) -> str:
    """As a file has it: times in ISO 8601, UTC; #N/A for nothing."""
    if value is None or value == "":
        return _NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return value.isoformat() if isinstance(value, date) else str(value)


def _job_error(line: Mapping[str, str]) -> tuple[str, str]:
    """(code, message) of a record that a job refused, or did not come to."""
    code, _, message = line.get("sf__Error", "unprocessed").partition(":")
    return code, message


def _error(body: bytes) -> tuple[str, str]:
    """(code, message) of the first error; the log-in has another form. Empty where none."""
    try:
        found = json.loads(body)
    except ValueError:
        return "", ""
    first = found[0] if isinstance(found, list) and found else found
    if not isinstance(first, dict):
        return "", ""
    code = first.get("errorCode") or first.get("error") or ""
    return str(code)[:60], str(first.get("message") or "")


DESTINATION = Salesforce
