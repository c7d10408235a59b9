"""Meta: who is in a customer file audience, by the Graph API.

What identifies a person is normalised and hashed here (_hashing.py), and kept by the ledger
as the record's id: so somebody whose email has changed, or is gone, can still be taken out
by what was sent. Meta only counts the rows that it finds invalid, with some samples: those
that the samples name are rejected; where the samples do not account for the count, the
batch is halved until the rows stand alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

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
)
from cdp.destinations._hashing import META, sent
from cdp.destinations._http import Answer
from cdp.destinations._secrets import SecretName, read_secret
from cdp.errors import CdpError, FatalDestinationError, RecordRejected, RetriableError

__all__ = ["DESTINATION", "MetaCustomAudiences", "MetaCustomAudiencesOptions"]

_VERSION = "v25.0"
_REPLACEMENT = "replacement"
_KEYS = {
    "external_id": "EXTERN_ID",
    "email": "EMAIL",
    "phone": "PHONE",
    "mobile_id": "MADID",
    "first_name": "FN",
    "last_name": "LN",
    "gender": "GEN",
    "birth_year": "DOBY",
    "birth_month": "DOBM",
    "birth_day": "DOBD",
    "city": "CT",
    "state": "ST",
    "zip": "ZIP",
    "country": "COUNTRY",
}
_ALONE = ("external_id", "email", "phone", "mobile_id")  # enough to find somebody by
_FIELDS = {name: Field() for name in _KEYS} | {"birth_date": Field("date")}
_BUSY = (4, 17, 32, 613, 80003)
_NOT_READY = 803  # a new audience does not know its users yet
_MAYBE = (1, 2)
_SESSIONS = 2**63
_HASH = 64  # characters

_Entry = Mapping[str, str]  # Meta's key → value as it is sent


class MetaCustomAudiencesOptions(ApiOptions):
    """token_env: the system user's access token. app_secret_env: the app's secret, for apps
    that ask for a proof of it. audience_id: of a customer file audience. hashed: fields that
    arrive as SHA-256 in hexadecimal already, normalised by Meta's rules."""

    token_env: SecretName
    app_secret_env: SecretName | None = None
    audience_id: str = Setting(pattern=r"^\d+$")
    hashed: tuple[str, ...] = ()


class MetaCustomAudiences(Api):
    """Members of one audience: added and removed, or replaced as a whole."""

    title = "Meta Custom Audiences"
    summary = "Rows become members of a customer file audience, by hashed identifiers."
    modes = frozenset({"upsert", "mirror", "audience"})
    objects = MappingProxyType(
        {
            "audience": Object("who is in the audience: added and removed", _FIELDS),
            _REPLACEMENT: Object(
                "the whole audience, replaced at each change: foreign members go, too", _FIELDS
            ),
        }
    )
    default_object = "audience"
    options = MetaCustomAudiencesOptions
    base_url = "https://graph.facebook.com"
    can_leave_fields = False
    batch_rows = 10_000
    windows = MappingProxyType({"": (Window(5, 1),)})
    reasons = MappingProxyType({"invalid_entry": "invalid_value"})
    erases = (
        "Takes the person out of this audience by all that was sent, and by each email and "
        "phone number; within a day. Other audiences are other syncs."
    )
    known_on = "2026-11-22"
    facts = (
        Fact("10,000 rows a call; the answer counts invalid entries and has some as samples",
             "vendor's Marketing API reference, custom audience users, 2025-10-08"),
        Fact("keys, and rows in the order of the schema, empty where a key is not known",
             "vendor's Marketing API reference, custom audience users, 2025-10-08"),
        Fact("a replacement is one session, which its last batch ends", "vendor's Marketing API "
             "reference, custom audience usersreplace, 2025-10-08"),
        Fact("normalisation and hashes", "vendor's guide on customer file audiences, "
             "2026-04-28; facebook-business 26.0.3"),
        Fact("who leaves, or changes an email or phone, takes whoever shares it out of an audience "
             "with them, until that one changes; where people share them, use cdp_object: "
             "replacement, which sends everybody", "this module's choice"),
        Fact("an audience that is flagged (subcode 1713230) takes no changes", "vendor's "
             "Marketing API reference, 2025-10-08"),
        Fact("calls are weighed by account, so 5 a second is our own restraint; the codes 4, 17, "
             "32, 613 and 80003 wait", "vendor's guide on rate limits, not dated"),
    )  # fmt: skip
    example = MappingProxyType(
        {
            "cdp_destination": "meta_custom_audiences",
            "cdp_object": "audience",
            "cdp_mode": "audience",
            "cdp_match": ["external_id"],
            "cdp_purpose": "advertising",
            "cdp_fields": {
                "external_id": "profile_id",
                "email": "email",
                "phone": "phone",
                "first_name": "first_name",
                "last_name": "last_name",
            },
            "cdp_options": {
                "token_env": "DBT_ENV_SECRET_META_TOKEN",
                "audience_id": "23840000000000000",
            },
        }
    )
    _options: MetaCustomAudiencesOptions

    @classmethod
    def problems(
        cls, target_object: str, mode: str, options: MetaCustomAudiencesOptions
    ) -> Iterator[str]:
        """A replacement mirrors; what arrives hashed is a field that is sent hashed."""
        if target_object == _REPLACEMENT and mode == "upsert":
            yield "a replacement mirrors. Use cdp_mode: mirror or audience, not upsert."
        for name in options.hashed:
            if name not in META or not META[name].is_hashed:
                yield f"cdp_options.hashed: '{name}' is no field that is sent hashed."

    @classmethod
    def place(cls, target_object: str, options: MetaCustomAudiencesOptions) -> str:
        """The audience; replaced or not."""
        return f"meta:{options.audience_id}/{target_object}"

    @classmethod
    def account(cls, options: MetaCustomAudiencesOptions) -> str:
        """The account is known by the name of its token."""
        return f"meta:{options.token_env}"

    @classmethod
    def takes_all_rows(cls, target_object: str) -> bool:
        """A replacement needs them."""
        return target_object == _REPLACEMENT

    def __init__(self, delivery: Delivery, options: MetaCustomAudiencesOptions) -> None:
        token = read_secret(options.token_env, "Meta's access token")
        proof = options.app_secret_env
        secret = read_secret(proof, "Meta's app secret") if proof else ""
        super().__init__(delivery, options)
        self._secrets = (token, secret) if secret else (token,)
        self._replaces = delivery.target_object == _REPLACEMENT
        self._waiting: tuple[Sequence[_Entry], int] | None = (
            None  # the last batch so far, its number
        )
        self._leaving: list[Row] = []

    def headers(self) -> Mapping[str, str]:
        """The token."""
        return {"authorization": f"Bearer {self._secrets[0]}"}

    def refused(self, answer: Answer) -> CdpError | None:
        """Meta's error codes; its statuses say little."""
        error = _error(answer.body)
        code, subcode = error.get("code"), error.get("error_subcode")
        if code in (102, 190):
            return FatalDestinationError("Meta does not take the token. Make a new one.")
        if code in (10, 294) or (isinstance(code, int) and 200 <= code < 300):
            return FatalDestinationError(
                "Meta's token may not change the audience. Give it ads_management."
            )
        if subcode == 1713230 or code in (368, 2650):
            return FatalDestinationError(
                f"Meta takes no changes of this audience (code {code}, subcode {subcode}). "
                "Look at it in the Audience Manager."
            )
        if code in _BUSY or code == _NOT_READY:
            return RetriableError(f"Meta is busy (code {code})", _regained(answer))
        if code in _MAYBE:
            return NoAnswer(f"Meta answered code {code}")
        if code is not None and 400 <= answer.status < 500:
            return RecordRejected(f"Meta refused it: code {code}", "rejected")
        return None

    # --- who it is ----------------------------------------------------------------------

    def check(self) -> Iterator[str]:
        """The fields, the match field, and whether the audience takes changes."""
        yield from super().check()
        if self._delivery.match not in _ALONE:
            yield f"cdp_match: Meta finds people by {', '.join(_ALONE)}. Use one of them."
        query = self._path(f"?fields=operation_status,subtype{self._proof('&')}")
        found = self.call("GET", query, read=dict)
        if found.get("subtype", "CUSTOM") != "CUSTOM":
            yield "cdp_options.audience_id: this is no customer file audience."
        if (found.get("operation_status") or {}).get("code") == 471:
            yield "cdp_options.audience_id: Meta has flagged the audience. Appeal it there."

    def refusal(self, row: Row) -> Outcome | None:
        """A row by which nobody could be found is not sent."""
        if not self._is_enough(self._entry(row)):
            return Outcome("rejected", "missing_value", f"no usable {', '.join(_ALONE)}")
        return super().refusal(row)

    def _is_enough(self, entry: _Entry) -> bool:
        return any(_KEYS[name] in entry for name in _ALONE)

    def _entry(self, row: Row) -> dict[str, str]:
        """What is known of the row, as it is sent; empty values are left out."""
        values = {self._delivery.match: row.id, **row.fields}
        born = values.pop("birth_date", None)
        if isinstance(born, date):
            values |= {"birth_year": born.year, "birth_month": born.month, "birth_day": born.day}
        found = {
            _KEYS[name]: sent(META[name], values[name], name in self._options.hashed)
            for name in _KEYS
            if values.get(name) is not None
        }
        return {key: value for key, value in found.items() if value}

    # --- what is written ----------------------------------------------------------------

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Add; what was sent of a person before and is no more is taken out first."""
        entries = [self._entry(row) for row in batch.rows]
        records = [json.dumps(entry, separators=(",", ":")) for entry in entries]
        if self._replaces:
            self._replace(entries)
            return [Outcome("accepted", destination_id=record) for record in records]
        self._take_out(
            {key: value for key, value in _recorded(row).items() if entry.get(key) != value}
            for row, entry in zip(batch.rows, entries, strict=True)
        )
        invalid = self._add(entries, batch.key)
        return [
            self.rejected(row, "invalid_entry")
            if number in invalid
            else Outcome("acknowledged", destination_id=records[number])
            for number, row in enumerate(batch.rows)
        ]

    def _add(self, entries: Sequence[_Entry], key: str) -> set[int]:
        """Positions of the invalid ones. Raises RecordRejected where nobody can say which."""
        session = _session(key, 1, len(entries), is_last=True)
        count, samples = self._send("POST", "users", entries, session)
        if count in (0, len(entries)):
            return set(range(count))
        named = {number for number, entry in enumerate(entries) if _is_in(entry, samples)}
        if len(named) != count:
            raise RecordRejected(f"Meta found {count} entries invalid", "invalid_value")
        return named

    def _send(
        self,
        method: str,
        edge: str,
        entries: Sequence[_Entry],
        session: Mapping[str, Any] | None = None,
    ) -> tuple[int, str]:
        """(invalid entries, the samples of them as text)."""
        schema = [key for key in _KEYS.values() if any(key in entry for entry in entries)]
        data = [[entry.get(key, "") for key in schema] for entry in entries]
        body: dict[str, Any] = {"payload": {"schema": schema, "is_raw": True, "data": data}}
        if session:
            body["session"] = session
        return self.call(
            method, self._path(f"/{edge}{self._proof('?')}"), body,
            read=lambda found: (
                int(found["num_invalid_entries"]), json.dumps(found.get("invalid_entry_samples"))
            ),
        )  # fmt: skip

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Take out by what was sent."""
        if self._replaces:
            self._leaving += batch.rows
            return [Outcome("accepted") for _ in batch.rows]
        self._take_out(self._known(row) for row in batch.rows)
        return [Outcome("acknowledged") for _ in batch.rows]

    def _known(self, row: Row) -> dict[str, str]:
        return _recorded(row) or self._entry(Row(row.id, {}))

    def _take_out(self, entries: Iterable[_Entry]) -> None:
        """Only by what finds one person: a name is many people's."""
        alone = {_KEYS[name] for name in _ALONE}
        found = [{key: entry[key] for key in entry if key in alone} for entry in entries]
        chosen = [entry for entry in found if entry]
        for start in range(0, len(chosen), self.batch_rows):
            self._send("DELETE", "users", chosen[start : start + self.batch_rows])

    # --- a replacement: one session, of which only the last batch is told to be the last --

    def _replace(self, entries: Sequence[_Entry]) -> None:
        number = 1
        if self._waiting is not None:
            number = self._waiting[1] + 1
            self._replace_by(*self._waiting, is_last=False)
        self._waiting = (entries, number)

    def _replace_by(self, entries: Sequence[_Entry], number: int, is_last: bool) -> None:
        session = _session(self._delivery.run_id, number, 0, is_last)
        try:
            count, _ = self._send("POST", "usersreplace", entries, session)
        except RecordRejected as error:
            raise FatalDestinationError(f"The audience was not replaced. {error}") from None
        if count:
            raise FatalDestinationError(
                f"Meta found {count} entries of the replacement invalid, and does not say which. "
                "Use cdp_object: audience, which finds them."
            )

    def finish(self) -> None:
        """End the session; an audience of which all leave has none."""
        if self._waiting is not None:
            self._replace_by(*self._waiting, is_last=True)
        elif self._leaving:
            self._take_out(self._known(row) for row in self._leaving)

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Take out by all that is known."""
        found: list[dict[str, str]] = []
        for person in people:
            found.append(self._known(Row(person.id, {}, person.record_id)))
            for name in ("email", "phone"):
                values = person.identifiers.get(name, ())
                found += [{_KEYS[name]: sent(META[name], value)} for value in values]
        self._take_out({key: value for key, value in entry.items() if value} for entry in found)
        return [Outcome("acknowledged") for _ in people]

    def _path(self, end: str) -> str:
        return f"/{_VERSION}/{self._options.audience_id}{end}"

    def _proof(self, start: str) -> str:
        """The proof that the app is ours, where it has a secret."""
        if len(self._secrets) < 2:
            return ""
        token, secret = self._secrets
        proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        return f"{start}appsecret_proof={proof}"


def _recorded(row: Row) -> dict[str, str]:
    """What was sent of the row, as the ledger has it."""
    return dict(json.loads(row.record_id)) if row.record_id else {}


def _is_in(entry: _Entry, samples: str) -> bool:
    """Whether a hash of the entry is among the samples; what is shorter is in many words."""
    return any(value in samples for value in entry.values() if len(value) == _HASH)


def _session(key: str, number: int, total: int, is_last: bool) -> dict[str, Any]:
    """The same for the same rows."""
    session_id = int(hashlib.sha256(key.encode()).hexdigest(), 16) % _SESSIONS
    found = {"session_id": session_id, "batch_seq": number, "last_batch_flag": is_last}
    return found | {"estimated_num_total": total} if total else found


def _error(body: bytes) -> Mapping[str, Any]:
    """The error's object; empty where the body has none."""
    try:
        found = json.loads(body)["error"]
    except (ValueError, LookupError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _regained(answer: Answer) -> float:
    """Seconds until Meta listens again, by its header in minutes; at most one."""
    try:
        usage = json.loads(answer.headers.get("x-business-use-case-usage", ""))
        uses = [use for found in usage.values() for use in found]
        minutes = [float(use["estimated_time_to_regain_access"]) for use in uses]
    except (ValueError, LookupError, TypeError, AttributeError):
        minutes = []
    return min(60.0 * max(minutes, default=1), 60.0)


DESTINATION = MetaCustomAudiences
