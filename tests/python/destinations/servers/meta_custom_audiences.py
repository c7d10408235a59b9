"""Meta's Graph API, by its Marketing API documents (read 2026-11-22).

- users, usersreplace: payload {schema, is_raw, data}, session {session_id, batch_seq,
  last_batch_flag, estimated_num_total}; the answer {audience_id, session_id, num_received,
  num_invalid_entries, invalid_entry_samples: map}; 10,000 rows a call (reference, custom
  audience users and usersreplace, 2025-10-08)
- a hash is SHA-256 in hexadecimal; EXTERN_ID and MADID are not hashed; "" where a key is
  not known (guide "Customer File Custom Audiences", 2026-04-28)
- errors {"error": {message, type, code, error_subcode}}: 190 the token, 80003 too many
  calls, with X-Business-Use-Case-Usage in minutes (guides "Error codes", "Rate limiting")
- people are found by any of their identifiers; a replacement counts once its last batch is
  there (guide)
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import Any

from cdp.destinations._base import Row
from destinations.servers._base import Call, Case, Refused, Reply, Server, only, route

__all__ = ["BENCH"]

_TOKEN = "EAAB0000"
_HASHED = (
    *("EMAIL", "PHONE", "GEN", "DOBY", "DOBM", "DOBD", "LN", "FN", "FI", "CT", "ST"),
    *("ZIP", "COUNTRY"),
)
_FINDS = ("EXTERN_ID", "EMAIL", "PHONE", "MADID")
_ROWS = 10_000
_PERSON = {
    "external_id": "text",
    "email": "text",
    "phone": "text",
    "first_name": "text",
    "country": "text",
}


class MetaCustomAudiences(Server):
    destination = "meta_custom_audiences"
    cases = (
        Case("audience", "audience", match="external_id", fields=_PERSON, text="first_name"),
        Case("audience", "mirror", match="email", fields={"email": "text"}),
        Case(
            "replacement", "mirror", match="external_id", fields=_PERSON, text="first_name",
            refuses=False,
        ),
    )  # fmt: skip
    environment = {"TEST_META_TOKEN": _TOKEN}
    settings = {"token_env": "TEST_META_TOKEN", "audience_id": "555"}
    throttle_seconds = 60

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.entries: dict[int, dict[str, str]] = {}
        self.index: dict[tuple[str, str], int] = {}
        self.sessions: dict[int, dict[int, list[dict[str, str]]]] = {}
        self.invalid: set[str] = set()
        self.samples = 100
        self.last = 0
        self.status = 200

    def authorise(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Bearer {_TOKEN}":
            raise Refused(_error(400, 190, "Error validating access token"))

    def throttled(self) -> Reply:
        usage = {"1": [{"type": "custom_audience", "estimated_time_to_regain_access": 1}]}
        reply = _error(400, 80003, "There have been too many calls")
        return Reply(400, reply.body, {"x-business-use-case-usage": json.dumps(usage)})

    # --- what the vendor answers --------------------------------------------------------

    @route("GET", r"/v\d+\.0/555", writes=False)
    def audience(self, call: Call) -> Reply:
        status = {"code": self.status, "description": "Normal"}
        return Reply(200, {"id": "555", "subtype": "CUSTOM", "operation_status": status})

    @route("POST", r"/v\d+\.0/555/users")
    def add(self, call: Call) -> Reply:
        body = only(call.json, ("payload", "session"))
        good, samples = self._sorted(self._rows(body))
        for row in good:
            self._put(row)
        return self._answer(body, len(good) + len(samples), samples)

    @route("DELETE", r"/v\d+\.0/555/users")
    def remove(self, call: Call) -> Reply:
        body = only(call.json, ("payload",), ("session",))
        rows = self._rows(body)
        for row in rows:
            for number in self._found(row):
                self._drop(number)
        return self._answer(body, len(rows), {})

    @route("POST", r"/v\d+\.0/555/usersreplace")
    def replace(self, call: Call) -> Reply:
        body = only(call.json, ("payload", "session"))
        session = body["session"]
        good, samples = self._sorted(self._rows(body))
        batches = self.sessions.setdefault(session["session_id"], {})
        batches[session["batch_seq"]] = good
        if session["last_batch_flag"]:
            if sorted(batches) != list(range(1, len(batches) + 1)):
                self.violations.append("a batch of the session is missing")
            self.entries, self.index = {}, {}
            for batch in batches.values():
                for row in batch:
                    self._put(row)
        return self._answer(body, len(good) + len(samples), samples)

    # --- how it keeps it ----------------------------------------------------------------

    def _rows(self, body: dict[str, Any]) -> list[dict[str, str]]:
        payload = only(body["payload"], ("schema", "data"), ("is_raw",))
        if session := body.get("session"):
            only(session, ("session_id", "batch_seq", "last_batch_flag"), ("estimated_num_total",))
        schema, data = payload["schema"], payload["data"]
        if len(data) > _ROWS:
            self.violations.append(f"{len(data)} rows in a call")
        if not data or {*schema} - {*_HASHED, "EXTERN_ID", "MADID"}:
            raise Refused(_error(400, 100, "Invalid parameter"))
        if any(len(row) != len(schema) for row in data):
            raise Refused(_error(400, 100, "rows are not as the schema says"))
        rows = [dict(zip(schema, row, strict=True)) for row in data]
        return [{key: value for key, value in row.items() if value != ""} for row in rows]

    def _sorted(self, rows: list[dict[str, str]]) -> tuple[list[dict[str, str]], dict[str, str]]:
        """(good rows, an invalid value of each other row → why)"""
        good, wrong = [], {}
        for row in rows:
            bad = [value for key, value in row.items() if self._is_wrong(key, value)]
            if bad:
                wrong[bad[0]] = "invalid"
            else:
                good.append(row)
        return good, wrong

    def _is_wrong(self, key: str, value: str) -> bool:
        if key not in _HASHED:
            return not value
        if not re.fullmatch("[0-9a-f]{64}", value):
            self.violations.append(f"{key} is no SHA-256")
        if value == hashlib.sha256(b"").hexdigest():
            self.violations.append(f"{key} is the hash of nothing")
        return value in self.invalid

    def _found(self, row: dict[str, str]) -> set[int]:
        pairs = [(key, row[key]) for key in _FINDS if key in row]
        return {self.index[pair] for pair in pairs if pair in self.index}

    def _put(self, row: dict[str, str]) -> None:
        for number in self._found(row):
            self._drop(number)
        self.last += 1
        self.entries[self.last] = row
        self.index |= {(key, row[key]): self.last for key in _FINDS if key in row}

    def _drop(self, number: int) -> None:
        gone = self.entries.pop(number)
        for key in _FINDS:
            self.index.pop((key, gone.get(key, "")), None)

    def _answer(self, body: dict[str, Any], received: int, samples: dict[str, str]) -> Reply:
        return Reply(
            200,
            {
                "audience_id": "555",
                "session_id": str((body.get("session") or {}).get("session_id", "")),
                "num_received": received,
                "num_invalid_entries": len(samples),
                "invalid_entry_samples": dict(list(samples.items())[: self.samples]),
            },
        )

    # --- what the suite asks ------------------------------------------------------------

    def row(self, case: Case, number: int, **changes: Any) -> Row:
        given = {"phone": f"+1 (555) {number:07}", "country": "US"}
        return super().row(
            case, number, **{name: given[name] for name in given if name in case.fields} | changes
        )

    def bad_row(self, case: Case, number: int) -> Row:
        row = self.row(case, number)
        self.invalid.add(_sha256(row.fields["email"]))
        return row

    def held(self, case: Case, row: Row) -> object:
        finds = "EXTERN_ID" if case.match == "external_id" else "EMAIL"
        key = (finds, row.id if finds == "EXTERN_ID" else _sha256(row.id))
        return self.entries[self.index[key]] if key in self.index else None

    def wanted(self, case: Case, row: Row) -> object:
        texts = {
            "EXTERN_ID": row.fields.get("external_id"),
            "EMAIL": _hashed(row.fields.get("email")),
            "PHONE": _hashed(re.sub(r"\D", "", row.fields.get("phone") or "")),
            "FN": _hashed("".join(filter(str.isalpha, _name(row.fields.get("first_name"))))),
            "COUNTRY": _hashed((row.fields.get("country") or "").lower()),
        }
        return {key: value for key, value in texts.items() if value}

    def count(self, case: Case) -> int:
        return len(self.entries)

    def everything(self) -> str:
        """Who is found by an email, in clear, as the suite looks for it."""
        known = {_sha256(f"person{n}@example.com"): f"person{n}@example.com" for n in range(9)}
        shown = [{**row, "clear": known.get(row.get("EMAIL", ""))} for row in self.entries.values()]
        return json.dumps(shown)


def _name(text: str | None) -> str:
    return unicodedata.normalize("NFC", text or "").lower()


def _hashed(text: str | None) -> str:
    return _sha256(text) if text else ""


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _error(status: int, code: int, message: str) -> Reply:
    return Reply(status, {"error": {"message": message, "type": "OAuthException", "code": code}})


BENCH = MetaCustomAudiences
