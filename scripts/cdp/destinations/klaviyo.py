"""Klaviyo: profiles, who is in a list, and suppressions, by revision 2026-07-15 of its API.

Rows leave as bulk import jobs; a job is asked for until it ends, and its import errors are
joined to the rows by the payload that they repeat. Nothing here subscribes or unsubscribes
anybody: an unsubscription that names a list unsubscribes whoever is not in it from
everything, so leaving a list is a change of the list alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import Field as Setting

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
    json_bytes,
)
from cdp.destinations._http import Answer
from cdp.destinations._klaviyo import (
    ATTRIBUTES,
    IDENTIFIERS,
    LOCATION,
    PLACES,
    Job,
    error_code,
    job_status,
    leaves,
    parts,
    same,
)
from cdp.destinations._secrets import SecretName, read_secret
from cdp.errors import CdpError, FatalDestinationError, RecordRejected

__all__ = ["DESTINATION", "Klaviyo", "KlaviyoOptions"]

_REVISION = "2026-07-15"
_JSON_API = "application/vnd.api+json"
_LIST, _SUPPRESSIONS = "list", "suppressions"
_SCOPE = re.compile(rb"\b[a-z-]+:(?:read|write)\b")
_MEMBERS = 1000  # of a list, a call
_SUPPRESSED = 100  # a call
_LOOKED_UP = 50  # values a filter, so that the address stays short


class KlaviyoOptions(ApiOptions):
    """key_env: the private API key. list_id: of the object list."""

    key_env: SecretName
    list_id: str | None = Setting(default=None, pattern=r"^\w+$")


class Klaviyo(Api):
    """Profiles; members of a list; suppressed emails."""

    title = "Klaviyo"
    summary = "Rows become profiles, members of a list, or suppressed emails."
    modes = frozenset({"upsert", "update", "create", "mirror", "audience", "append"})
    objects = MappingProxyType(
        {
            "profiles": Object(
                "people, by email, phone_number or external_id; location.city, location.zip …; "
                "any other name is a custom property"
            ),
            _LIST: Object(
                "profiles, made where they are not there, that are in the list `list_id`; being "
                "in it is no consent"
            ),
            _SUPPRESSIONS: Object(
                "emails that get no more marketing; never lifted again", {"email": Field()}
            ),
        }
    )
    default_object = "profiles"
    options = KlaviyoOptions
    base_url = "https://a.klaviyo.com"
    max_answer = 12_000_000  # a hundred import errors, each with its profile
    can_look_up = True
    skips_nulls = True
    polls = True
    batch_rows = 10_000
    batch_bytes = 4_990_000  # 5 MB with what is around the profiles
    row_bytes = 100_000
    look_up_rows = _LOOKED_UP
    windows = MappingProxyType(
        {
            "": (Window(75, 1), Window(750, 60)),
            "imports and lists": (Window(10, 1), Window(150, 60)),
            "deletions": (Window(3, 1), Window(60, 60)),
        }
    )
    reasons = MappingProxyType(
        {"duplicate_profile": "conflict", "invalid": "invalid_value", "not_found": "not_found"}
    )
    erases = (
        "Profiles with the id, an email or a phone number of the person are deleted by Klaviyo's "
        "data privacy job, with all that hangs on them; it is asked until they are gone."
    )
    known_on = "2026-11-22"
    facts = (
        Fact("10,000 profiles, 5 MB, 100 KB a profile in an import job; a null clears, what is "
             "absent stays", "vendor's specification, revision 2026-07-15"),
        Fact("1,000 members a call of a list, 100 suppressions a job; calls a second and a "
             "minute", "vendor's specification, revision 2026-07-15"),
        Fact("adding to a list, and removing from it, changes no consent", "vendor's "
             "specification, revision 2026-07-15"),
        Fact("unsubscribing from a list unsubscribes who is not in it from everything: never "
             "called", "vendor's specification, revision 2026-07-15"),
        Fact("an import error repeats its profile, and may point at it", "vendor's "
             "specification, revision 2026-07-15; the form of the pointer is not documented"),
        Fact("a deletion takes one identifier", "vendor's specification, revision 2026-07-15"),
    )  # fmt: skip
    example = MappingProxyType(
        {
            "cdp_destination": "klaviyo",
            "cdp_object": _LIST,
            "cdp_mode": "mirror",
            "cdp_match": ["external_id"],
            "cdp_purpose": "marketing_email",
            "cdp_fields": {
                "external_id": "profile_id",
                "email": "email",
                "first_name": "first_name",
                "cdp_last_order_at": "last_order_at",
            },
            "cdp_options": {"key_env": "DBT_ENV_SECRET_KLAVIYO_KEY", "list_id": "XyZ123"},
        }
    )
    collections = MappingProxyType({_LIST: "list_id"})
    _options: KlaviyoOptions

    @classmethod
    def problems(cls, target_object: str, mode: str, options: KlaviyoOptions) -> Iterator[str]:
        """A list is named by its id; a suppression is never taken back."""
        if (target_object == _LIST) != (options.list_id is not None):
            yield "cdp_options.list_id goes with cdp_object: list. Say both or neither."
        if (target_object == _SUPPRESSIONS) != (mode == "append"):
            yield "cdp_object: suppressions goes with cdp_mode: append. Say both or neither."

    @classmethod
    def account(cls, options: KlaviyoOptions) -> str:
        """Known by the name of its secret."""
        return f"klaviyo:{options.key_env}"

    def __init__(self, delivery: Delivery, options: KlaviyoOptions) -> None:
        key = read_secret(options.key_env, "Klaviyo's private key")
        super().__init__(delivery, options)
        self._secrets = (key,)
        self._jobs: dict[str, list[Job]] = {}  # batch → those under way
        self._settled: dict[str, dict[int, Outcome]] = {}  # batch → what is not confirmed
        self._deleting: set[str] = set()

    def headers(self) -> Mapping[str, str]:
        """The key, and the revision of the API."""
        return {
            "accept": _JSON_API,
            "authorization": f"Klaviyo-API-Key {self._secrets[0]}",
            "revision": _REVISION,
        }

    def refused(self, answer: Answer) -> CdpError | None:
        """Klaviyo's code of the first error, where the request is what it refuses; the scopes
        that the key has not."""
        if answer.status == 403 and (scopes := sorted(set(_SCOPE.findall(answer.body)))):
            names = b", ".join(scopes).decode()
            return FatalDestinationError(
                f"Klaviyo's key has not all of the scopes {names}. Make one that has them."
            )
        if answer.status not in (400, 409, 413, 422):
            return None
        code = error_code(answer.body)
        return RecordRejected(f"Klaviyo refused it: {code}", self.reasons.get(code, "rejected"))

    # --- what is there ------------------------------------------------------------------

    def check(self) -> Iterator[str]:
        """The fields, the match field, and whether the list is there."""
        yield from super().check()
        match, target = self._delivery.match, self._delivery.target_object
        known = ("email",) if target == _SUPPRESSIONS else IDENTIFIERS
        if match not in known:
            yield f"cdp_match: Klaviyo finds {target} by {' or '.join(known)}, not by '{match}'."
        for name in self._delivery.fields:
            if name.startswith(LOCATION) and name.removeprefix(LOCATION) not in PLACES:
                yield f"cdp_fields.{name}: a location has {', '.join(PLACES)}."
        if target == _LIST and not self._list_is_there():
            yield f"cdp_options.list_id: Klaviyo has no list {self._options.list_id}."

    def _list_is_there(self) -> bool:
        query = urlencode({"filter": f"equals(id,{json.dumps(self._options.list_id)})"})
        return self.call("GET", f"/api/lists?{query}", read=lambda found: bool(found["data"]))

    def look_up(self, field: str, values: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Profiles by one of the identifiers."""
        return self._find(field, values) if field in IDENTIFIERS and values else {}

    def _find(self, field: str, values: Sequence[str]) -> dict[str, list[str]]:
        wanted = sorted({same(field, value) for value in values})
        path: str | None = "/api/profiles?" + urlencode(
            {
                "filter": f"any({field},{json.dumps(wanted, ensure_ascii=False)})",
                "fields[profile]": ",".join(IDENTIFIERS),
                "page[size]": 100,
            }
        )
        found: dict[str, list[str]] = {}
        while path:
            profiles, path = self.call("GET", path, read=lambda page: self._known(field, page))
            for value, profile_id in profiles:
                found.setdefault(value, []).append(profile_id)
        return {v: found[same(field, v)] for v in values if same(field, v) in found}

    def _known(
        self, field: str, found: Mapping[str, Any]
    ) -> tuple[list[tuple[str, str]], str | None]:
        """(value of the field, id) of the profiles of a page; the path of the next page."""
        profiles, path = self._page(found)
        known = [{**profile["attributes"], "id": str(profile["id"])} for profile in profiles]
        return [(same(field, each.get(field) or ""), each["id"]) for each in known], path

    def _page(self, found: Mapping[str, Any]) -> tuple[list[Any], str | None]:
        """The items, and the path of the next page; its host is not taken from an answer."""
        following = (found.get("links") or {}).get("next")
        path = re.sub(r"^https?://[^/]+", "", following) if following else None
        return found["data"], path

    def _ids(self, rows: Sequence[Row]) -> dict[str, str]:
        """row.id → the id of its profile, of those that have one."""
        ids = {row.id: row.record_id for row in rows if row.record_id}
        others = list(dict.fromkeys(row.id for row in rows if row.id not in ids))
        for part in parts(others, _LOOKED_UP):
            found = self.look_up(self._delivery.match, part)
            ids |= {value: profiles[0] for value, profiles in found.items()}
        return ids

    # --- what is written ----------------------------------------------------------------

    def size(self, row: Row) -> int:
        """Bytes of the profile, and its comma."""
        return len(json_bytes(self._profile(row))) + 1

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Start the jobs; `poll` settles them."""
        if self._delivery.target_object == _SUPPRESSIONS:
            self._jobs[batch.key] = list(self._suppress(batch.rows))
        else:
            profiles = [self._profile(row) for row in batch.rows]
            job = self._import(profiles, range(len(profiles)), self._options.list_id)
            self._jobs[batch.key] = [job]
        return [Outcome("accepted") for _ in batch.rows]

    def _profile(self, row: Row) -> dict[str, Any]:
        attributes: dict[str, Any] = {}
        for name, value in {self._delivery.match: row.id, **row.fields}.items():
            if name in ATTRIBUTES:
                attributes[name] = value
            elif name.startswith(LOCATION):
                attributes.setdefault("location", {})[name.removeprefix(LOCATION)] = value
            else:
                attributes.setdefault("properties", {})[name] = value
        known = {"id": row.record_id} if row.record_id else {}
        return {"type": "profile", **known, "attributes": attributes}

    def _import(
        self, profiles: Sequence[Any], positions: Sequence[int], list_id: str | None = None
    ) -> Job:
        data: dict[str, Any] = {
            "type": "profile-bulk-import-job",
            "attributes": {"profiles": {"data": profiles}},
        }
        if list_id:
            data["relationships"] = {"lists": {"data": [{"type": "list", "id": list_id}]}}
        return self._start("/api/profile-bulk-import-jobs", data, positions, "imports and lists")

    def _suppress(self, rows: Sequence[Row]) -> Iterator[Job]:
        for positions in parts(range(len(rows)), _SUPPRESSED):
            emails = [
                {"type": "profile", "attributes": {"email": rows[position].id}}
                for position in positions
            ]
            data = {
                "type": "profile-suppression-bulk-create-job",
                "attributes": {"profiles": {"data": emails}},
            }
            yield self._start("/api/profile-suppression-bulk-create-jobs", data, positions)

    def _start(self, path: str, data: object, positions: Sequence[int], group: str = "") -> Job:
        return self.call(
            "POST", path, {"data": data}, group=group, content_type=_JSON_API,
            read=lambda found: Job(f"{path}/{quote(found['data']['id'], safe='')}", positions),
        )  # fmt: skip

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Take off the list; profiles lose what was delivered, and stay."""
        ids = self._ids(batch.rows)
        if self._delivery.target_object == _LIST:
            self._leave_list(sorted(set(ids.values())))
            return [Outcome("acknowledged") for _ in batch.rows]
        positions = [number for number, row in enumerate(batch.rows) if row.id in ids]
        if positions:
            profiles = [self._emptied(ids[batch.rows[number].id]) for number in positions]
            self._jobs[batch.key] = [self._import(profiles, positions)]
        return [Outcome("accepted" if row.id in ids else "acknowledged") for row in batch.rows]

    def _emptied(self, profile_id: str) -> dict[str, Any]:
        """A profile without the fields that were delivered; by its identifiers it is known."""
        names = [name for name in self._delivery.fields if name not in IDENTIFIERS]
        profile = self._profile(Row("", dict.fromkeys(names), profile_id))
        del profile["attributes"][self._delivery.match]
        if properties := list(profile["attributes"].pop("properties", {})):
            profile["meta"] = {"patch_properties": {"unset": properties}}
        return profile

    def _leave_list(self, profile_ids: Sequence[str]) -> None:
        path = f"/api/lists/{self._options.list_id}/relationships/profiles"
        for part in parts(profile_ids, _MEMBERS):
            body = {"data": [{"type": "profile", "id": profile_id} for profile_id in part]}
            self.call(
                "DELETE", path, body, read=lambda _: None, group="imports and lists",
                content_type=_JSON_API,
            )  # fmt: skip

    # --- what became of it --------------------------------------------------------------

    def poll(self, batch: Batch) -> Sequence[Outcome] | None:
        """Once all jobs of the batch have ended: what failed, with Klaviyo's reasons."""
        settled, jobs = self._settled.setdefault(batch.key, {}), self._jobs[batch.key]
        while jobs:
            ended = self._ended(jobs[0], batch.rows)
            if ended is None:
                return None
            settled |= ended
            jobs.pop(0)
        return [settled.get(n, Outcome("acknowledged")) for n in range(len(batch.rows))]

    def _ended(self, job: Job, rows: Sequence[Row]) -> dict[int, Outcome] | None:
        """position → what is not confirmed of a job; None: it runs still."""
        status, failed = self.call("GET", job.path, read=job_status, group="imports and lists")
        if status in ("queued", "processing"):
            return None
        if status != "complete":
            return dict.fromkeys(job.positions, Outcome("unknown", status))
        errors = self._errors(job, rows) if failed else {}
        if len(errors) < failed:  # nobody knows who the others are: they are sent again
            rest = dict.fromkeys(job.positions, Outcome("unknown", "unnamed_failure"))
            return rest | errors
        return errors

    def _errors(self, job: Job, rows: Sequence[Row]) -> dict[int, Outcome]:
        by_id = {same(self._delivery.match, rows[n].id): n for n in job.positions}
        outcomes: dict[int, Outcome] = {}
        path: str | None = f"{job.path}/import-errors?" + urlencode({"page[size]": 100})
        while path:
            found, path = self.call(
                "GET", path, group="imports and lists",
                read=lambda page: self._refused_rows(page, rows, by_id, job.positions),
            )  # fmt: skip
            outcomes |= found
        return outcomes

    def _refused_rows(
        self,
        found: Mapping[str, Any],
        rows: Sequence[Row],
        by_id: Mapping[str, int],
        positions: Sequence[int],
    ) -> tuple[dict[int, Outcome], str | None]:
        """position → outcome, of a page of import errors; the path of the next page."""
        errors, path = self._page(found)
        outcomes: dict[int, Outcome] = {}
        for error in errors:
            said = error["attributes"]
            payload = said.get("original_payload") or {}
            position = self._position(said, payload, by_id, positions)
            if position is not None:
                # Her values are known from the payload alone, and no message repeats them
                whole = Row(rows[position].id, dict(leaves(payload)))
                detail = said.get("detail", "") if payload else ""
                outcomes[position] = self.rejected(whole, said["code"], detail)
        return outcomes, path

    def _position(
        self,
        error: Mapping[str, Any],
        payload: Mapping[str, Any],
        by_id: Mapping[str, int],
        positions: Sequence[int],
    ) -> int | None:
        """Whose the error is: by the payload that it repeats, else by where it points."""
        attributes = payload.get("attributes") or payload
        value = same(self._delivery.match, str(attributes.get(self._delivery.match, "")))
        if value in by_id:
            return by_id[value]
        pointer = (error.get("source") or {}).get("pointer") or ""
        named = re.search(r"/profiles/data/(\d+)(?:/|$)", pointer)
        index = int(named[1]) if named else len(positions)
        return positions[index] if index < len(positions) else None

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Have the profiles deleted; gone when they are found no more."""
        return [self._erase(person) for person in people]

    def _erase(self, person: Person) -> Outcome:
        known = [
            (self._delivery.match, [person.id]),
            ("id", [person.record_id] if person.record_id else []),
            ("email", list(person.identifiers.get("email", ()))),
            ("phone_number", list(person.identifiers.get("phone", ()))),
        ]
        profiles = {
            profile_id
            for field, values in known
            if values
            for found in self._find(field, values).values()
            for profile_id in found
        }
        for profile_id in sorted(profiles - self._deleting):
            self._delete(profile_id)
            self._deleting.add(profile_id)
        return Outcome("accepted" if profiles else "acknowledged")

    def _delete(self, profile_id: str) -> None:
        profile = {"type": "profile", "id": profile_id, "attributes": {}}
        data = {
            "type": "data-privacy-deletion-job",
            "attributes": {"profile": {"data": profile}},
        }
        self.call(
            "POST", "/api/data-privacy-deletion-jobs", {"data": data}, read=lambda _: None,
            group="deletions", content_type=_JSON_API,
        )  # fmt: skip


DESTINATION = Klaviyo
