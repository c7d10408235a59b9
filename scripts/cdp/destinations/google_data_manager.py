"""Google: who is in a Customer Match list, by version 1 of the Data Manager API.

What identifies a person is normalised and hashed here (_hashing.py), and kept by the ledger
as the record's id: so somebody whose email has changed, or is gone, can still be taken out
by what was sent. Google takes requests, and says later how they went: how many members
failed, and why, but not which. A request of which some failed is sent again in halves, until
those stand alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field as Setting

from cdp.destinations import _data_manager as api
from cdp.destinations._accounts import Window
from cdp.destinations._api import Api, ApiOptions
from cdp.destinations._base import (
    Batch,
    Delivery,
    Fact,
    Field,
    Object,
    Outcome,
    Person,
    Row,
)
from cdp.destinations._data_manager import Identifiers
from cdp.destinations._google import GoogleToken
from cdp.destinations._hashing import GOOGLE, sent
from cdp.destinations._http import Answer
from cdp.destinations._secrets import SecretName, read_secret
from cdp.errors import CdpError, FatalDestinationError, RecordRejected

__all__ = ["DESTINATION", "GoogleDataManager", "GoogleDataManagerOptions"]

_REPLACEMENT = "replacement"
_MEMBERS = "/v1/audienceMembers"
_TOKENS = "https://oauth2.googleapis.com/token"
_SCOPE = "https://www.googleapis.com/auth/datamanager"
_SKEW = timedelta(minutes=1)  # by which this machine's clock may be ahead of Google's
_FIELDS = {name: Field() for name in (*api.ALONE, *api.ADDRESS)} | {
    name: Field("boolean") for name in api.CONSENT
}
_NOBODY = "0" * 64  # a hash of no email, to ask with


class GoogleDataManagerOptions(ApiOptions):
    """credentials_env: a service account's key, or an authorised user's refresh token, as the
    JSON that Google gives out. account_id: the account with the list. login_account_id: of
    the manager account through which it is reached. account_type: of both. user_list_id: the
    Customer Match list. validate_only: have everything checked and nothing applied; rows stay
    to be sent. accepts_terms: says that the Customer Match terms are accepted. hashed: fields
    that arrive as SHA-256 in hexadecimal already, normalised by Google's rules; so the ledger
    keeps no email in clear to match by."""

    credentials_env: SecretName
    account_id: str = Setting(pattern=r"^\d+$")
    login_account_id: str | None = Setting(default=None, pattern=r"^\d+$")
    account_type: Literal["GOOGLE_ADS", "DISPLAY_VIDEO_PARTNER", "DISPLAY_VIDEO_ADVERTISER"] = (
        "GOOGLE_ADS"
    )
    user_list_id: str = Setting(pattern=r"^\d+$")
    validate_only: bool = False
    accepts_terms: Literal[True]
    hashed: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Request:
    """A request under way: its id, and the members that it has, by their rows' positions."""

    id: str
    operation: str
    members: Mapping[int, Mapping[str, Any]]


class GoogleDataManager(Api):
    """Members of one Customer Match list: ingested and removed, or refreshed as a whole."""

    title = "Google Data Manager"
    summary = "Rows become members of a Customer Match list, by hashed identifiers."
    modes = frozenset({"upsert", "mirror", "audience"})
    objects = MappingProxyType(
        {
            "audience": Object("who is in the list: ingested and removed", _FIELDS),
            _REPLACEMENT: Object(
                "the whole list: all are ingested at each change, and whoever was last added "
                "before goes, foreign members, too",
                _FIELDS,
            ),
        }
    )
    default_object = "audience"
    options = GoogleDataManagerOptions
    base_url = "https://datamanager.googleapis.com"
    can_leave_fields = False
    polls = True
    job_seconds = 4 * 3600
    batch_rows = 10_000
    windows = MappingProxyType({"": (Window(300, 60),)})
    reasons = MappingProxyType(
        {
            "INVALID_AUDIENCE_MEMBER": "invalid_value",
            "INVALID_FORMAT": "invalid_value",
            "INVALID_HEX_ENCODING": "invalid_value",
            "INVALID_POSTAL_CODE": "invalid_value",
            "INVALID_REGION_CODE": "invalid_value",
            "INVALID_SHA256_FORMAT": "invalid_value",
            "REQUIRED_FIELD_MISSING": "missing_value",
            "PROCESSING_ERROR_REASON_DENIED_CONSENT": "no_consent",
            "PROCESSING_ERROR_REASON_INVALID_FORMAT": "invalid_value",
            "PROCESSING_ERROR_REASON_NO_CONSENT": "no_consent",
            "PROCESSING_ERROR_REASON_UNKNOWN_CONSENT": "no_consent",
        }
    )
    erases = (
        "Removes the person from this list by all that was sent, and by each email and phone "
        "number, and asks until Google has done it; an address that was sent before the latest "
        "stays, for a replacement to drop. Other lists are other syncs."
    )
    known_on = "2026-11-22"
    facts = (
        Fact("10,000 members, 10 identifiers a member; remove, removeAll, consent, encoding, "
             "terms, validateOnly", "google-ads-datamanager 0.9.4, types"),
        Fact("who leaves, or changes an email or phone, takes whoever shares it out of an audience "
             "with them, until that one changes; where people share them, use cdp_object: "
             "replacement, which sends everybody", "this module's choice"),
        Fact("an address is removed as it was last sent: an earlier one stays in an audience, and "
             "a replacement drops it", "this module's choice"),
        Fact("removeAll drops who was last added before removeAsOfTime", "google-ads-datamanager "
             "0.9.4, RemoveAllAudienceMembersRequest"),
        Fact("a request's status counts errors by reason, and names no row",
             "google-ads-datamanager 0.9.4, RequestStatusPerDestination"),
        Fact("300 requests a minute, 100,000 a day, of a Cloud project", "vendor's page on "
             "limits, read 2026-11"),
        Fact("normalisation; SHA-256 in hexadecimal", "vendor's guide \"Format user data\", read "
             "2026-11-22"),
        Fact("consent of a request where the purpose needs a grant: the gate let nobody else "
             "pass; map ad_user_data and ad_personalization where cdp_consent_defaults lets "
             "countries off, or where a person's own consents differ", "google-ads-datamanager "
             "0.9.4, Consent"),
    )  # fmt: skip
    example = MappingProxyType(
        {
            "cdp_destination": "google_data_manager",
            "cdp_object": "audience",
            "cdp_mode": "audience",
            "cdp_match": ["email"],
            "cdp_purpose": "advertising",
            "cdp_fields": {
                "email": {"column": "email", "normalise": "google_email", "hash": "sha256"},
                "phone": "phone",
                "first_name": "first_name",
                "last_name": "last_name",
                "country": "country_code",
                "zip": "postal_code",
            },
            "cdp_options": {
                "credentials_env": "DBT_ENV_SECRET_GOOGLE_CREDENTIALS",
                "account_id": "1234567890",
                "user_list_id": "9876543210",
                "accepts_terms": True,
                "hashed": ["email"],
            },
        }
    )
    _options: GoogleDataManagerOptions

    @classmethod
    def problems(
        cls, target_object: str, mode: str, options: GoogleDataManagerOptions
    ) -> Iterator[str]:
        """A replacement mirrors; what arrives hashed is a field that is sent hashed."""
        if target_object == _REPLACEMENT and mode == "upsert":
            yield "a replacement mirrors. Use cdp_mode: mirror or audience, not upsert."
        for name in options.hashed:
            if name not in GOOGLE or not GOOGLE[name].is_hashed:
                yield f"cdp_options.hashed: '{name}' is no field that is sent hashed."

    @classmethod
    def place(cls, target_object: str, options: GoogleDataManagerOptions) -> str:
        """The list; replaced or not."""
        return f"google:{options.account_id}/{options.user_list_id}/{target_object}"

    @classmethod
    def account(cls, options: GoogleDataManagerOptions) -> str:
        """The Cloud project is known by the name of its credentials."""
        return f"google:{options.credentials_env}"

    @classmethod
    def takes_all_rows(cls, target_object: str) -> bool:
        """A replacement needs them."""
        return target_object == _REPLACEMENT

    def __init__(self, delivery: Delivery, options: GoogleDataManagerOptions) -> None:
        credentials = read_secret(options.credentials_env, "Google's credentials")
        super().__init__(delivery, options)
        self._secrets = (credentials,)
        self._replaces = delivery.target_object == _REPLACEMENT
        self._since = datetime.now(UTC) - _SKEW
        self._token = GoogleToken(
            credentials, options.credentials_env, _SCOPE, self._caller, self._limits("tokens")
        )
        self._requests: dict[str, list[_Request]] = {}  # batch → those under way
        self._settled: dict[str, dict[int, Outcome]] = {}  # batch → what is not confirmed
        self._records: dict[str, Sequence[str | None]] = {}  # batch → what was sent of each row
        self._erasing: dict[str, _Request] = {}  # person → her removal
        self._purge: _Request | None = None

    # --- access -------------------------------------------------------------------------

    def headers(self) -> Mapping[str, str]:
        """A token, renewed in time."""
        return {"authorization": f"Bearer {self._token.current()}"}

    def refused(self, answer: Answer) -> CdpError | None:
        """Google's reason: of a member, or of the request as a whole."""
        error = api.error_of(answer.body)
        if isinstance(error, str):  # of the token's endpoint
            return FatalDestinationError(f"Google does not take the credentials ({error}).")
        if answer.status != 400:
            return None
        reason, is_of_member = api.reason_of(error)
        if is_of_member or reason in self.reasons:
            return RecordRejected(
                f"Google refused it: {reason}", self.reasons.get(reason, "rejected")
            )
        return FatalDestinationError(f"Google does not take the request: {reason}.")

    # --- who it is ----------------------------------------------------------------------

    def check(self) -> Iterator[str]:
        """The fields, the match field, and by a request that applies nothing, the list."""
        yield from super().check()
        if self._delivery.match not in api.ALONE:
            yield f"cdp_match: Google finds people by {' or '.join(api.ALONE)}. Use one of them."
        nobody = {"userData": {"userIdentifiers": [{"emailAddress": _NOBODY}]}}
        self._post("ingest", {"audienceMembers": [nobody], "validateOnly": True})

    def refusal(self, row: Row) -> Outcome | None:
        """A row by which nobody could be found is not sent."""
        if not self._identifiers(row):
            return Outcome("rejected", "missing_value", "no usable email, phone or address")
        return super().refusal(row)

    def _identifiers(self, row: Row) -> list[dict[str, Any]]:
        """What is known of the row, as it is sent."""
        values = {self._delivery.match: row.id, **row.fields}
        known = {
            name: sent(GOOGLE[name], values[name], name in self._options.hashed)
            for name in (*api.ALONE, *api.ADDRESS)
            if values.get(name) is not None
        }
        found: list[dict[str, Any]] = [
            {key: known[name]} for name, key in api.ALONE.items() if known.get(name)
        ]
        if all(known.get(name) for name in api.ADDRESS):  # only together do they find somebody
            found.append({"address": {key: known[name] for name, key in api.ADDRESS.items()}})
        return found

    def _member(self, row: Row, identifiers: Identifiers) -> dict[str, Any]:
        """A person's own consent goes before that of the request, so it is told in full."""
        member = api.of_user(identifiers)
        said = {
            key: api.granted(bool(row.fields[name]))
            for name, key in api.CONSENT.items()
            if row.fields.get(name) is not None
        }
        return member | ({"consent": {**self._consent(), **said}} if said else {})

    def _consent(self) -> dict[str, str]:
        """What the gate knows of everybody whom it let pass."""
        is_known = self._delivery.needs_grant
        return dict.fromkeys(api.CONSENT.values(), api.granted(True)) if is_known else {}

    # --- what is written ----------------------------------------------------------------

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Ingest; what was sent of a person before and is no more is removed."""
        rows = [(row, self._identifiers(row)) for row in batch.rows]
        gone = {
            position: api.of_user(
                [found for found in api.recorded(row) if api.is_gone(found, identifiers)]
            )
            for position, (row, identifiers) in enumerate(rows)
        }
        members = {
            position: self._member(row, identifiers)
            for position, (row, identifiers) in enumerate(rows)
        }
        removed = {position: member for position, member in gone.items() if member}
        requests = [self._send("remove", removed)] if removed and not self._replaces else []
        self._requests[batch.key] = [*requests, self._send("ingest", members)]
        if self._options.validate_only:
            return self._only_validated(batch)
        records = [json.dumps(found, separators=(",", ":")) for _, found in rows]
        self._records[batch.key] = records
        return [Outcome("accepted", destination_id=record) for record in records]

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Remove by what was sent; a replacement leaves them out."""
        members = {
            position: member
            for position, row in enumerate(batch.rows)
            if (member := api.of_user(api.recorded(row) or self._identifiers(Row(row.id, {}))))
        }
        send = members and not self._replaces
        self._requests[batch.key] = [self._send("remove", members)] if send else []
        if self._options.validate_only:
            return self._only_validated(batch)
        return [Outcome("accepted") for _ in batch.rows]

    def _only_validated(self, batch: Batch) -> list[Outcome]:
        del self._requests[batch.key]
        return [Outcome("aborted", "validate_only") for _ in batch.rows]

    def _send(self, operation: str, members: Mapping[int, Mapping[str, Any]]) -> _Request:
        body: dict[str, Any] = {"audienceMembers": list(members.values())}
        if self._options.validate_only:
            body["validateOnly"] = True
        return _Request(self._post(operation, body), operation, members)

    def _post(self, operation: str, body: dict[str, Any]) -> str:
        """The id of the request; a validation has none."""
        destination: dict[str, Any] = {
            "operatingAccount": self._account(self._options.account_id),
            "productDestinationId": self._options.user_list_id,
        }
        if login := self._options.login_account_id:
            destination["loginAccount"] = self._account(login)
        body = {"destinations": [destination], **body}
        if operation != "removeAll":
            body["encoding"] = "HEX"
        if operation == "ingest":
            body["termsOfService"] = {"customerMatchTermsOfServiceStatus": "ACCEPTED"}
            if consent := self._consent():
                body["consent"] = consent
        return self.call(
            "POST", f"{_MEMBERS}:{operation}", body,
            read=lambda found: str(found["requestId"] if "validateOnly" not in body else ""),
        )  # fmt: skip

    def _account(self, account_id: str) -> dict[str, str]:
        return {"accountType": self._options.account_type, "accountId": account_id}

    # --- what became of it --------------------------------------------------------------

    def poll(self, batch: Batch) -> Sequence[Outcome] | None:
        """Once all requests of the batch have ended, and those of all others where the list
        is replaced, which ends by dropping who was not ingested."""
        settled = self._settled.setdefault(batch.key, {})
        self._requests[batch.key] = [
            following
            for request in self._requests[batch.key]
            for following in self._followed(request, batch.rows, settled)
        ]
        if self._requests[batch.key]:
            return None
        if self._replaces and not self._is_purged():
            return None
        records = self._records.get(batch.key) or [None] * len(batch.rows)
        return [
            settled.get(position) or Outcome("acknowledged", destination_id=record)
            for position, record in enumerate(records)
        ]

    def _followed(
        self, request: _Request, rows: Sequence[Row], settled: dict[int, Outcome]
    ) -> list[_Request]:
        """What is under way after a request was asked for; who failed alone is settled."""
        status, reason = self._status(request)
        if status == "PROCESSING":
            return [request]
        if status == "SUCCESS":
            return []
        positions = list(request.members)
        if status == "PARTIAL_SUCCESS" and len(positions) > 1:
            middle = len(positions) // 2
            return [
                self._send(request.operation, {n: request.members[n] for n in part})
                for part in (positions[:middle], positions[middle:])
            ]
        for position in positions:
            settled[position] = (
                self.rejected(rows[position], reason)
                if reason in self.reasons
                else Outcome("aborted", reason or status)
            )
        return []

    def _status(self, request: _Request) -> tuple[str, str]:
        """(status, the first reason of failures)"""
        path = f"/v1/requestStatus:retrieve?requestId={quote(request.id, safe='')}"
        return self.call("GET", path, read=api.stated)

    def _is_purged(self) -> bool:
        """Whether who was not ingested is gone; nobody goes while anything may yet fail."""
        if any(self._requests.values()):
            return False
        if any(self._settled.values()):
            raise FatalDestinationError(
                "Google did not take some rows of the replacement, so nobody was dropped. "
                "Use cdp_object: audience, which finds them."
            )
        if self._purge is None:
            moment = self._since.strftime("%Y-%m-%dT%H:%M:%SZ")
            self._purge = _Request(
                self._post("removeAll", {"removeAsOfTime": moment}), "removeAll", {}
            )
        status, reason = self._status(self._purge)
        if status in ("FAILED", "PARTIAL_SUCCESS"):
            raise FatalDestinationError(f"Google did not drop who left ({reason or status}).")
        return status == "SUCCESS"

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Remove by all that is known; gone when Google says that it is done."""
        return [self._erase(person) for person in people]

    def _erase(self, person: Person) -> Outcome:
        if person.id not in self._erasing:
            row = Row(person.id, {}, person.record_id)
            found = [*(api.recorded(row) or self._identifiers(row))]
            for name, key in api.ALONE.items():
                values = person.identifiers.get(name, ())
                found += [{key: known} for value in values if (known := sent(GOOGLE[name], value))]
            members = {n: api.of_user([identifier]) for n, identifier in enumerate(found)}
            if not members:
                return Outcome("rejected", "missing_value", "no usable email or phone")
            self._erasing[person.id] = self._send("remove", members)
        status, reason = self._status(self._erasing[person.id])
        if status == "PROCESSING":
            return Outcome("accepted")
        if status == "SUCCESS":
            return Outcome("acknowledged")
        del self._erasing[person.id]
        return Outcome("unknown", reason or status)


DESTINATION = GoogleDataManager
