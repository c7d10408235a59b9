"""Salesforce: records of any object, by an external id field.

Under 2,000 rows go by sObject Collections, 200 a call; from there on a batch is a job of
Bulk API 2.0. An upsert names the external id alone, never a record's own Id. Where a row is
to adopt or take over a record that has another external id, that record is first updated by
its Id, so that no second one is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

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
from cdp.destinations._salesforce import (
    SalesforceApi,
    SalesforceOptions,
    as_csv,
    fits_a_file,
    job_error,
)
from cdp.errors import FatalDestinationError, RecordRejected, RetriableError

__all__ = ["DESTINATION", "Salesforce"]

_A_CALL = 200  # records
_A_READ = 2000  # record ids
_LOCKED = "UNABLE_TO_LOCK_ROW"
_LOCK_PAUSES = (1, 4)  # seconds before the rows go again
_GONE = ("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID")
_WAITS = 10  # looks at a job of erasure before a later call goes on
_KINDS = {
    "int": "integer", "double": "float", "currency": "float", "percent": "float",
    "boolean": "boolean", "date": "date", "datetime": "timestamp",
}  # fmt: skip


@dataclass(frozen=True)
class _Job:
    """A job under way. keys: row.id → its value of `column`; settled: outcomes of rows that
    are not in it, by row.id."""

    id: str
    column: str
    keys: Mapping[str, str]
    settled: Mapping[str, Outcome] = field(default_factory=dict)


class Salesforce(SalesforceApi):
    """Records of one object."""

    summary = "Rows become records of any object, found by an external id field."
    modes = frozenset({"upsert", "update", "create", "mirror"})
    default_object = "Contact"
    options = SalesforceOptions
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
    known_on = "2026-11-22"
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
        super().__init__(delivery, options)
        self._match = delivery.match
        self._keys: set[str] = set()  # fields by which an upsert finds a record
        self._emails: set[str] = set()
        self._jobs: dict[str, _Job] = {}

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
        self._exact = {item["name"] for item in fields if item.get("caseSensitive")}
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
        """Records by any field. Salesforce does not tell capitals from small letters, but in
        fields that were made so."""
        if field not in (self._known_fields or {}):
            return {}
        records: dict[str, list[str]] = {}
        for item in self._query(("Id", field), field, values):
            records.setdefault(self._same(field, item[field]), []).append(item["Id"])
        return {
            value: records[key] for value in values if (key := self._same(field, value)) in records
        }

    def _external_ids(self, record_ids: Sequence[str]) -> dict[str, str]:
        """Record id → its external id, "" for none; those that are gone are missing."""
        found: dict[str, str | None] = {}
        for asked in _parts(record_ids, _A_READ):
            body = {"ids": asked, "fields": [self._match]}
            path = f"/composite/sobjects/{self._object}"
            found |= self._ask(
                "POST", path, body,
                read=_in_order(asked, lambda key, record: (key, self._external_id(record))),
            )  # fmt: skip
        return {key: external_id for key, external_id in found.items() if external_id is not None}

    def _external_id(self, record: Mapping[str, Any] | None) -> str | None:
        return str(record[self._match] or "") if record else None

    # --- what is written ----------------------------------------------------------------

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """By the external id; a record that has another is given this one first."""
        known = self._external_ids([row.record_id for row in batch.rows if row.record_id])
        others = [row for row in batch.rows if self._has_another(row, known)]
        gone = [row for row in batch.rows if row.record_id and row.record_id not in known]
        settled = dict(zip([row.id for row in others], self._rekey(others), strict=True))
        settled |= {row.id: self.rejected(row, _GONE[0]) for row in gone}
        rest = [row for row in batch.rows if row.id not in settled]
        if len(rest) >= self._options.bulk_from and all(map(fits_a_file, rest)):
            body = {"operation": "upsert", "externalIdFieldName": self._match}
            text = as_csv(
                [self._record(row) for row in rest], (self._match, *self._delivery.fields)
            )
            keys = {row.id: row.id for row in rest}
            self._jobs[batch.key] = _Job(self._start(body, text), self._match, keys, settled)
            return [settled.get(row.id) or Outcome("accepted") for row in batch.rows]
        done = iter(self._in_parts(rest, self._put))
        return [settled.get(row.id) or next(done) for row in batch.rows]

    def _has_another(self, row: Row, known: Mapping[str, str]) -> bool:
        """Whether the row's record has another external id than the row."""
        there = known.get(row.record_id or "")
        same = self._same(self._match, row.id)
        return there is not None and self._same(self._match, there) != same

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
            outcomes |= self._ask(
                "PATCH", f"/composite/sobjects{path}", body,
                read=_in_order(waiting, lambda of, result: (of[0], self._outcome(of[1], result))),
            )  # fmt: skip
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
            text = as_csv([{"Id": ids[row.id]} for row in there], ("Id",))
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

    def _job_outcome(
        self, row: Row, key: str, column: str, results: Mapping[str, Mapping[str, Any]]
    ) -> Outcome:
        if line := results["successfulResults"].get(key):
            return Outcome("acknowledged", destination_id=line["sf__Id"])
        if line := results["failedResults"].get(key):
            code, message = job_error(line)
            if column == "Id" and code in _GONE:
                return Outcome("acknowledged")
            return self._failed(Row(row.id, line), code, message)
        if key in results["unprocessedrecords"]:
            return Outcome("aborted", "unprocessed", "Salesforce's job ended before this row")
        return Outcome("unknown", "no_answer")

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
            for item in self._query(("Id", "IsDeleted"), name, values, "/queryAll")
        }

    def _erased(self, record_ids: Sequence[str]) -> tuple[bool, Mapping[str, str]]:
        """Whether the job is over, and the records that it could not delete → why."""
        text = as_csv([{"Id": record_id} for record_id in record_ids], ("Id",))
        try:
            job = self._start({"operation": "hardDelete"}, text)
        except RecordRejected as error:
            return True, dict.fromkeys(record_ids, error.code)
        for _ in range(_WAITS):
            if not self._is_under_way(job):
                results = self._results(job, "Id")
                self._discard(job)
                left = {**results["unprocessedrecords"], **results["failedResults"]}
                codes = {key: job_error(line)[0] for key, line in left.items()}
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
_Read = TypeVar("_Read")


def _parts(found: Sequence[_Part], size: int) -> Iterator[Sequence[_Part]]:
    return (found[start : start + size] for start in range(0, len(found), size))


def _in_order(
    sent: Sequence[_Part], read: Callable[[_Part, Any], _Read]
) -> Callable[[Sequence[Any]], list[_Read]]:
    """Reads an answer that has a result for each thing sent, in order."""
    return lambda found: [read(part, item) for part, item in zip(sent, found, strict=True)]


def _field(item: Mapping[str, Any]) -> Field:
    kind = _KINDS.get(item["type"], "text")
    length = item["length"] if kind == "text" else None
    return Field(kind, length or None, item["createable"] or item["updateable"])


DESTINATION = Salesforce
