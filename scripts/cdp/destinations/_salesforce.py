"""Salesforce's APIs as the module salesforce uses them: the log-in, queries and jobs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from pydantic import Field as Setting

from cdp.destinations._api import Api, ApiOptions
from cdp.destinations._base import Delivery, NoAnswer, Row
from cdp.destinations._http import Answer
from cdp.destinations._secrets import SecretName, read_secret
from cdp.errors import CdpError, FatalDestinationError, RecordRejected, RetriableError

__all__ = ["NULL", "SalesforceApi", "SalesforceOptions", "as_csv", "fits_a_file", "job_error"]

NULL = "#N/A"  # in a CSV file: clear the field; an empty value leaves it

_VERSION = "66.0"
_BULK_TEXT = 32_000  # characters of a value in a job
_BUSY_PAUSE = 5  # seconds, where too many calls are under way
_UNDER_WAY = ("Open", "UploadComplete", "InProgress")
# How ids begin (vendor's help, "Standard Field Record ID Prefix Decoder"); custom objects
# have prefixes of the org's own.
_PREFIXES = {
    "Account": "001", "Contact": "003", "Opportunity": "006", "Lead": "00Q", "Task": "00T",
    "Event": "00U", "Case": "500", "Campaign": "701",
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


class SalesforceApi(Api):
    """Calls of one org about one object."""

    title = "Salesforce"
    base_url = "https://login.salesforce.com"
    max_answer = 50_000_000
    _options: SalesforceOptions

    @classmethod
    def owns_record(cls, target_object: str, record_id: str) -> bool:
        """By the id's beginning: the connector tells of a person's lead and contact alike."""
        return record_id.startswith(_PREFIXES.get(target_object, ""))

    def __init__(self, delivery: Delivery, options: SalesforceOptions) -> None:
        client_id = read_secret(options.client_id_env, "Salesforce's consumer key")
        secret = read_secret(options.client_secret_env, "Salesforce's consumer secret")
        super().__init__(delivery, options)
        self._base = options.base_url or f"https://{options.domain}.my.salesforce.com"
        self._secrets = (client_id, secret)
        self._token: str | None = None
        self._object = delivery.target_object
        self._numbers: set[str] = set()  # fields whose values stand unquoted in a query
        self._exact: set[str] = set()  # fields in which Ab is not aB

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
            read=lambda answer: self._understood(answer, self._session),
        )
        token, self._base = found
        self._token, self._secrets = token, (client_id, secret, token)

    def _session(self, found: Mapping[str, Any]) -> tuple[str, str]:
        """(token, where calls go): the instance, or what the options say instead."""
        token, base = str(found["access_token"]), self._options.base_url
        if base is not None:
            return token, base
        instance = urlsplit(str(found["instance_url"]))
        if instance.scheme != "https" or not instance.hostname or "@" in instance.netloc:
            raise ValueError("calls go to https")
        return token, f"https://{instance.netloc}"

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

    # --- queries ------------------------------------------------------------------------

    def _query(
        self, columns: Sequence[str], field: str, values: Sequence[str], path: str = "/query"
    ) -> Iterator[Mapping[str, Any]]:
        """Records whose `field`, one of the catalogue's, has one of the values."""
        literals = ", ".join(
            value if field in self._numbers and _is_number(value) else _quoted(value)
            for value in dict.fromkeys(values)
        )
        soql = f"SELECT {', '.join(columns)} FROM {self._object} WHERE {field} IN ({literals})"  # noqa: S608
        following: str | None = f"{path}?q={quote(soql, safe='')}"
        while following:
            found, more = self._ask("GET", following, read=lambda page: _page(columns, page))
            yield from found
            following = more and more.removeprefix(f"/services/data/v{_VERSION}")

    def _same(self, field: str, value: object) -> str:
        """A value as queries compare it."""
        text = str(value).strip()
        return text if field in self._exact else text.lower()

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

    def _discard(self, job: str) -> None:
        """Delete a job and its data."""
        try:
            self._ask("DELETE", f"/jobs/ingest/{job}", read=lambda _: None)
        except RecordRejected as error:
            if "NOT_FOUND" not in str(error):  # deleted by a call whose answer was lost
                raise NoAnswer(str(error)) from None


def _page(
    columns: Sequence[str], found: Mapping[str, Any]
) -> tuple[list[Mapping[str, Any]], str | None]:
    """(the columns of the records of a page, the path of the next one)"""
    records: list[Mapping[str, Any]] = [
        {name: item[name] for name in columns} for item in found["records"]
    ]
    return records, None if found["done"] else found["nextRecordsUrl"]


def _quoted(value: str) -> str:
    """A text as it stands in a query."""
    return f"'{value.translate(_ESCAPES)}'"


def _is_number(value: str) -> bool:
    return value.lstrip("-").replace(".", "", 1).isdecimal() and value.isascii()


def as_csv(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """A file of records; one that lacks a column leaves that field as it is."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(columns)), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _written(value) for name, value in each.items()} for each in records)
    return text.getvalue()


def _written(value: Any) -> str:
    """As a file has it: times in ISO 8601, UTC; #N/A for nothing."""
    if value is None or value == "":
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return value.isoformat() if isinstance(value, date) else str(value)


def fits_a_file(row: Row) -> bool:
    """Whether a job can say the row: no value too long, none that means null there."""
    texts = [value for value in (row.id, *row.fields.values()) if isinstance(value, str)]
    return all(len(text) <= _BULK_TEXT and text != NULL for text in texts)


def job_error(line: Mapping[str, str]) -> tuple[str, str]:
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
