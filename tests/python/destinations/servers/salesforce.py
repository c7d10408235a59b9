"""Salesforce, from its guides as of 2026-11-22 (REST API v66.0, Bulk API 2.0) unless said
otherwise.

- log-in: POST /services/oauth2/token, a form with grant_type=client_credentials, client_id,
  client_secret; the answer has access_token and instance_url (help, "OAuth 2.0 Client
  Credentials Flow")
- sObject Collections: 200 records a call; upsert by an external id field, "don't set the id
  field for any object"; results in the order of the request, {id, success, created, errors:
  [{statusCode, message, fields}]}; update takes ids; retrieve takes 2,000 ids in a POST and
  answers null for what is not there; delete takes ids in the query (REST API guide)
- a field that the object does not have refuses the whole call: 400 INVALID_FIELD (REST API
  guide, status codes and error responses)
- jobs: Open → UploadComplete → InProgress → JobComplete; data is uploaded once; results are
  CSV with sf__Id, sf__Created or sf__Error, and the columns given; #N/A clears, an empty
  value is passed over; 32,000 characters a value (Bulk API 2.0 guide and limits)
- hardDelete leaves nothing in the recycle bin, delete does, for 15 days; queryAll sees what
  lies there (Bulk API 2.0 guide; SOQL reference)
- 403 REQUEST_LIMIT_EXCEEDED for too many calls at once (REST API guide, error responses)
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any
from urllib.parse import parse_qs

from cdp.destinations._base import Row
from destinations.servers._base import Call, Case, Refused, Reply, Server, only, route

__all__ = ["BENCH"]

_CLIENT = {"client_id": "3MVG9-0000", "client_secret": "key-0000"}
_TOKEN = "00D-session"
_API = r"/services/data/v66\.0"
_FIELDS = {
    "Contact": {
        "Id": ("id", 18),
        "CDP_Id__c": ("string", 64),
        "Email": ("email", 80),
        "LastName": ("string", 80),
        "Notes__c": ("textarea", 131_072),
        "Orders__c": ("double", 0),
        "Is_Vip__c": ("boolean", 0),
        "Born_On__c": ("date", 0),
        "Last_Order_At__c": ("datetime", 0),
    },
    "Opportunity": {
        "Id": ("id", 18),
        "CDP_Id__c": ("string", 64),
        "Name": ("string", 120),
        "Amount": ("currency", 0),
        "CloseDate": ("date", 0),
    },
}
_CONTACT = {
    "CDP_Id__c": "text",
    "Email": "text",
    "LastName": "text",
    "Notes__c": "text",
    "Orders__c": "integer",
    "Is_Vip__c": "boolean",
    "Born_On__c": "date",
    "Last_Order_At__c": "timestamp",
}
_DEAL = {"CDP_Id__c": "text", "Name": "text", "Amount": "float", "CloseDate": "date"}


class Salesforce(Server):
    destination = "salesforce"
    cases = (
        Case("Contact", match="CDP_Id__c", fields=_CONTACT, text="Notes__c"),
        Case("Opportunity", "mirror", match="CDP_Id__c", fields=_DEAL),
        Case(
            "Contact", "mirror", match="CDP_Id__c", fields=_CONTACT, text="Notes__c",
            options={"bulk_from": 1},
        ),
    )  # fmt: skip
    environment = {"TEST_SF_ID": _CLIENT["client_id"], "TEST_SF_SECRET": _CLIENT["client_secret"]}
    settings = {
        "domain": "acme",
        "client_id_env": "TEST_SF_ID",
        "client_secret_env": "TEST_SF_SECRET",
    }
    throttle_seconds = 1
    max_body = 50_000_000

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.records: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in _FIELDS}
        self.recycle_bin: dict[str, dict[str, Any]] = {}
        # "Comparisons on strings are case-sensitive for unique case-sensitive fields and
        # case-insensitive for all other fields" (SOQL reference, comparison operators)
        self.case_sensitive: set[str] = set()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.by_key: dict[tuple[str, str], str] = {}  # (object, external id) → record id
        self.locked: dict[str, int] = {}  # external id → so many writes that find it locked
        self.unprocessed: set[str] = set()  # external ids that a job does not come to
        self.last_id = 0
        self.last_job = 0
        self.may_hard_delete = True

    def authorise(self, call: Call) -> None:
        if call.path == "/services/oauth2/token":
            return
        if call.headers.get("authorization") != f"Bearer {_TOKEN}":
            raise Refused(_refusal(401, "INVALID_SESSION_ID", "Session expired or invalid"))

    def throttled(self) -> Reply:
        words = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
        return _refusal(403, "REQUEST_LIMIT_EXCEEDED", words)

    # --- what the vendor answers --------------------------------------------------------

    @route("POST", "/services/oauth2/token", writes=False)
    def log_in(self, call: Call) -> Reply:
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        only(form, ("grant_type", "client_id", "client_secret"))
        if form != {"grant_type": "client_credentials", **_CLIENT}:
            wrong = {"error": "invalid_client", "error_description": "invalid client credentials"}
            return Reply(400, wrong)
        session = {"access_token": _TOKEN, "instance_url": self.url, "token_type": "Bearer"}
        return Reply(200, session | {"id": f"{self.url}/id/00D/005", "scope": "api"})

    @route("GET", _API + r"/sobjects/(\w+)/describe", writes=False)
    def describe(self, call: Call) -> Reply:
        found = [
            {
                "name": name,
                "type": kind,
                "length": length,
                "externalId": name == "CDP_Id__c",
                "idLookup": name in ("Id", "CDP_Id__c", "Email"),
                "createable": name != "Id",
                "updateable": name != "Id",
                "caseSensitive": name in self.case_sensitive,
            }
            for name, (kind, length) in self._known(call.parts[0]).items()
        ]
        return Reply(200, {"name": call.parts[0], "fields": found})

    @route("GET", _API + r"/(query|queryAll)", writes=False)
    def query(self, call: Call) -> Reply:
        (soql,) = call.query["q"]
        form = r"SELECT Id(?:, (\w+))? FROM (\w+) WHERE (\w+) IN \((.*)\)"
        found = re.fullmatch(form, soql, re.DOTALL)
        if not found:
            raise Refused(_refusal(400, "MALFORMED_QUERY", "unexpected token"))
        column, kind, field, literals = found.groups()
        known = self._known(kind)
        if field not in known or column not in (*known, "IsDeleted"):
            raise Refused(_refusal(400, "INVALID_FIELD", f"No such column '{field}'"))
        same = str if field in self.case_sensitive else str.lower
        wanted = {same(_unquoted(text)) for text in re.findall(r"'(?:\\.|[^'\\])*'", literals)}
        both = dict.fromkeys(self.records[kind], False)
        if call.parts[0] == "queryAll":
            both |= dict.fromkeys(self.recycle_bin, True)
        records = [
            {"Id": key, column: in_bin if column == "IsDeleted" else record.get(column)}
            for key, in_bin in both.items()
            for record in [{"Id": key, **(self.recycle_bin if in_bin else self.records[kind])[key]}]
            if same(str(record.get(field))) in wanted
        ]
        start = int(call.query.get("start", ["0"])[0])
        rest = {"done": not records[start + 2 :]}  # small pages, to be followed
        if not rest["done"]:
            again = f"?q={_percent(soql)}&start={start + 2}"
            rest |= {"nextRecordsUrl": f"/services/data/v66.0/{call.parts[0]}{again}"}
        return Reply(
            200, {"totalSize": len(records), "records": records[start : start + 2], **rest}
        )

    @route("POST", _API + r"/composite/sobjects/(\w+)", writes=False)
    def retrieve(self, call: Call) -> Reply:
        body = only(call.json, ("ids", "fields"))
        if len(body["ids"]) > 2000:
            self.violations.append(f"{len(body['ids'])} ids to retrieve")
        there = self.records[call.parts[0]]
        return Reply(
            200,
            [
                {"Id": key, **{name: there[key].get(name) for name in body["fields"]}}
                if key in there
                else None
                for key in body["ids"]
            ],
        )

    @route("PATCH", _API + r"/composite/sobjects/(\w+)/(\w+)")
    def upsert(self, call: Call) -> Reply:
        kind, key = call.parts
        if key not in ("CDP_Id__c", "Email"):
            raise Refused(_refusal(400, "INVALID_FIELD", f"{key} is no external id"))
        records = self._records(call, kind)
        if any("id" in map(str.lower, record) for record in records):
            self.violations.append("an id in an upsert")
        seen: set[str] = set()
        return Reply(200, [self._upsert(kind, key, record, seen) for record in records])

    @route("PATCH", _API + "/composite/sobjects")
    def update(self, call: Call) -> Reply:
        records = self._records(call, None)
        results = []
        for record in records:
            kind, key = record["attributes"]["type"], record["id"]
            given = {name: value for name, value in record.items() if name != "id"}
            results.append(self._result(kind, key, given, is_new=False))
        return Reply(200, results)

    @route("DELETE", _API + "/composite/sobjects")
    def delete(self, call: Call) -> Reply:
        only(call.query, ("ids",), ("allOrNone",))
        ids = call.query["ids"][0].split(",")
        if len(ids) > 200:
            self.violations.append(f"{len(ids)} ids in a call")
        return Reply(200, [self._deleted(key) for key in ids])

    @route("POST", _API + "/jobs/ingest")
    def make_job(self, call: Call) -> Reply:
        body = only(
            call.json,
            ("object", "operation"),
            ("contentType", "lineEnding", "columnDelimiter", "externalIdFieldName"),
        )
        if (body["operation"] == "upsert") != ("externalIdFieldName" in body):
            raise Refused(_refusal(400, "INVALIDJOB", "externalIdFieldName goes with upsert"))
        if body["operation"] == "hardDelete" and not self.may_hard_delete:
            raise Refused(_refusal(400, "FEATURENOTENABLED", "hardDelete operation not enabled"))
        if (body.get("contentType"), body.get("lineEnding")) != ("CSV", "LF"):
            raise Refused(_refusal(400, "INVALIDJOB", "CSV and LF alone are read here"))
        self.last_job += 1
        key = f"750{self.last_job:012}"
        self.jobs[key] = body | {"state": "Open", "asked": 0}
        return Reply(200, {"id": key, "state": "Open", "apiVersion": 66.0} | body)

    @route("PUT", _API + r"/jobs/ingest/(\w+)/batches")
    def upload(self, call: Call) -> Reply:
        job = self._job(call)
        if job["state"] != "Open" or "text" in job:
            raise Refused(_refusal(400, "INVALIDJOBSTATE", "data is uploaded once"))
        if not call.headers.get("content-type", "").startswith("text/csv"):
            raise Refused(_refusal(400, "INVALID_CONTENT_TYPE", "CSV is expected"))
        job["text"] = call.body.decode()
        return Reply(201)

    @route("PATCH", _API + r"/jobs/ingest/(\w+)")
    def close_job(self, call: Call) -> Reply:
        job = self._job(call)
        if only(call.json, ("state",)) != {"state": "UploadComplete"} or job["state"] != "Open":
            raise Refused(_refusal(400, "INVALIDJOBSTATE", job["state"]))
        job["state"] = "UploadComplete"
        self._work(job)
        return Reply(200, {"id": call.parts[0], "state": "UploadComplete"})

    @route("GET", _API + r"/jobs/ingest/(\w+)", writes=False)
    def job_state(self, call: Call) -> Reply:
        job = self._job(call)
        job["asked"] += 1
        if job["state"] != "Open":
            job["state"] = job["ends"] if job["asked"] > 1 else "InProgress"
        return Reply(200, {"id": call.parts[0], "state": job["state"]})

    @route(
        "GET",
        _API + r"/jobs/ingest/(\w+)/(successfulResults|failedResults|unprocessedrecords)",
        writes=False,
    )
    def results(self, call: Call) -> Reply:
        job = self._job(call)
        columns, lines = job["results"][call.parts[1]]
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
        return Reply(200, text.getvalue(), {"content-type": "text/csv"})

    @route("DELETE", _API + r"/jobs/ingest/(\w+)", writes=False)
    def delete_job(self, call: Call) -> Reply:
        self._job(call)
        del self.jobs[call.parts[0]]
        return Reply(204)

    # --- how it keeps it ----------------------------------------------------------------

    def _known(self, kind: str) -> dict[str, tuple[str, int]]:
        if kind not in _FIELDS:
            raise Refused(_refusal(404, "NOT_FOUND", "The requested resource does not exist"))
        return _FIELDS[kind]

    def _job(self, call: Call) -> dict[str, Any]:
        if call.parts[0] not in self.jobs:
            raise Refused(_refusal(404, "NOT_FOUND", "no such job"))
        return self.jobs[call.parts[0]]

    def _records(self, call: Call, kind: str | None) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = only(call.json, ("records",), ("allOrNone",))["records"]
        if len(records) > 200:
            self.violations.append(f"{len(records)} records in a call")
            raise Refused(_refusal(400, "EXCEEDED_ID_LIMIT", "200 records"))
        for record in records:
            typed = only(record["attributes"], ("type",))["type"]
            if kind not in (None, typed):
                raise Refused(_refusal(400, "INVALID_TYPE", typed))
            for name, value in record.items():
                if name in ("attributes", "id"):
                    continue
                if name not in self._known(typed):
                    raise Refused(_refusal(400, "INVALID_FIELD", f"No such column '{name}'"))
                self._read(typed, name, value)
        return records

    def _read(self, kind: str, name: str, value: Any) -> None:
        """JSON of the wrong type cannot be read at all."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        wanted = {"double": is_number, "currency": is_number, "boolean": isinstance(value, bool)}
        if value is not None and not wanted.get(_FIELDS[kind][name][0], isinstance(value, str)):
            raise Refused(_refusal(400, "JSON_PARSER_ERROR", f"Cannot deserialize {name}"))

    def _upsert(
        self, kind: str, key: str, record: dict[str, Any], seen: set[str]
    ) -> dict[str, Any]:
        value = str(record.get(key) or "").lower()
        if not value or value in seen:
            code = "DUPLICATE_VALUE" if value else "MISSING_ARGUMENT"
            return _failure(code, "Duplicate external id specified")
        seen.add(value)
        found = self._find(kind, key, value)
        if len(found) > 1:
            return _failure("DUPLICATE_EXTERNAL_ID", "more than one record found")
        if found:
            return self._result(kind, found[0], record, is_new=False)
        self.last_id += 1
        return self._result(kind, f"003{self.last_id:015}", record, is_new=True)

    def _result(self, kind: str, key: str, record: dict[str, Any], is_new: bool) -> dict[str, Any]:
        if not is_new and key not in self.records[kind]:
            return _failure("ENTITY_IS_DELETED", "entity is deleted")
        external = str(record.get("CDP_Id__c"))
        if self.locked.get(external, 0) > 0:
            self.locked[external] -= 1
            return _failure(
                "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"
            )
        if failure := _unfit(kind, record):
            return failure
        holder = self.by_key.get(_key(kind, external))
        if "CDP_Id__c" in record and holder not in (None, key):
            return _failure("DUPLICATE_VALUE", f"duplicate value found: {holder}")
        kept = self.records[kind].setdefault(key, {})
        self.by_key.pop(_key(kind, kept.get("CDP_Id__c")), None)
        kept |= {name: value for name, value in record.items() if name != "attributes"}
        for name in [name for name, value in kept.items() if value in (None, "")]:
            del kept[name]
        if "CDP_Id__c" in kept:
            self.by_key[_key(kind, kept["CDP_Id__c"])] = key
        return {"id": key, "success": True, "created": is_new, "errors": []}

    def _find(self, kind: str, name: str, value: str) -> list[str]:
        if name == "CDP_Id__c":
            found = self.by_key.get(_key(kind, value))
            return [found] if found else []
        return [
            key
            for key, record in self.records[kind].items()
            if str(record.get(name)).lower() == value.lower()
        ]

    def _deleted(self, key: str, for_good: bool = False) -> dict[str, Any]:
        for kind, records in self.records.items():
            if key in records:
                found = records.pop(key)
                self.by_key.pop(_key(kind, found.get("CDP_Id__c")), None)
                if not for_good:
                    self.recycle_bin[key] = found
                return {"id": key, "success": True, "errors": []}
        return _failure("ENTITY_IS_DELETED", "entity is deleted")

    # --- jobs ---------------------------------------------------------------------------

    def _work(self, job: dict[str, Any]) -> None:
        lines = list(csv.DictReader(io.StringIO(job["text"], newline="")))
        columns = list(lines[0]) if lines else []
        done: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        left: list[dict[str, Any]] = []
        seen: set[str] = set()
        for line in lines:
            if line.get("CDP_Id__c") in self.unprocessed:
                left.append(line)
                continue
            result = self._work_on(job, line, seen)
            ids = {"sf__Id": result["id"] or ""}
            if result["success"]:
                done.append({**ids, "sf__Created": str(result.get("created")).lower(), **line})
            else:
                error = result["errors"][0]
                text = f"{error['statusCode']}:{error['message']}:--"
                failed.append({**ids, "sf__Error": text, **line})
        job["ends"] = "Failed" if left else "JobComplete"
        job["results"] = {
            "successfulResults": (["sf__Id", "sf__Created", *columns], done),
            "failedResults": (["sf__Id", "sf__Error", *columns], failed),
            "unprocessedrecords": (columns, left),
        }

    def _work_on(self, job: dict[str, Any], line: dict[str, str], seen: set[str]) -> dict[str, Any]:
        if job["operation"] in ("delete", "hardDelete"):
            return self._deleted(only(line, ("Id",))["Id"], job["operation"] == "hardDelete")
        record = {}
        for name, text in line.items():
            if name == "Id" or name not in self._known(job["object"]):
                self.violations.append(f"{name} in an upsert")
            if len(text) > 32_000:
                self.violations.append(f"{len(text)} characters in a file")
            if text:
                record[name] = _value(_FIELDS[job["object"]][name][0], text)
        if isinstance(record.get("Amount"), str):
            return _failure("INVALID_TYPE_ON_FIELD_IN_RECORD", "Amount is no number")
        return self._upsert(job["object"], job["externalIdFieldName"], record, seen)

    # --- what the suite asks ------------------------------------------------------------

    def bad_row(self, case: Case, number: int) -> Row:
        wrong = {"Contact": {"Email": "nobody"}, "Opportunity": {"CloseDate": "soon"}}
        return self.row(case, number, **wrong[case.target_object])

    def seed(self, case: Case, row: Row) -> str:
        self.last_id += 1
        key = f"003{self.last_id:015}"
        self._result(case.target_object, key, {case.match: row.id}, is_new=True)
        return key

    def held(self, case: Case, row: Row) -> object:
        found = self._find(case.target_object, case.match, row.id)
        return self.records[case.target_object][found[0]] if found else None

    def wanted(self, case: Case, row: Row) -> object:
        texts = {name: _written(value) for name, value in row.fields.items()}
        return {name: value for name, value in texts.items() if value is not None}

    def count(self, case: Case) -> int:
        return len(self.records[case.target_object])

    def everything(self) -> str:
        return json.dumps([self.records, self.recycle_bin, self.jobs])


def _refusal(status: int, code: str, message: str) -> Reply:
    return Reply(status, [{"message": message, "errorCode": code}])


def _failure(code: str, message: str) -> dict[str, Any]:
    error = {"statusCode": code, "message": message, "fields": []}
    return {"id": None, "success": False, "created": False, "errors": [error]}


def _unfit(kind: str, record: dict[str, Any]) -> dict[str, Any] | None:
    """Why its values cannot be taken."""
    for name, value in record.items():
        field, length = _FIELDS[kind].get(name, ("", 0))
        if length and len(value or "") > length:
            return _failure("STRING_TOO_LONG", f"{name}: data value too large: {value}")
        if field == "email" and value and "@" not in value:
            return _failure("INVALID_EMAIL_ADDRESS", f"{name}: invalid email address: {value}")
        if field == "date" and value and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return _failure("INVALID_FIELD", f"{name}: {value}")
    return None


def _key(kind: str, external: object) -> tuple[str, str]:
    """External ids do not tell capitals from small letters."""
    return kind, str(external).lower()


def _unquoted(literal: str) -> str:
    plain = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
    return re.sub(r"\\(.)", lambda found: plain.get(found[1], found[1]), literal[1:-1])


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _value(kind: str, text: str) -> Any:
    """What a file says, as JSON would."""
    if text == "#N/A":
        return None
    if kind == "boolean":
        return {"true": True, "false": False}[text]
    if kind in ("double", "currency"):
        return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text
    return text


def _written(value: Any) -> Any:
    if hasattr(value, "hour"):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return value.isoformat() if hasattr(value, "isoformat") else value


BENCH = Salesforce
