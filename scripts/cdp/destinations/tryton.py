"""Tryton: parties with their contact mechanisms, opportunities and categories, by JSON-RPC.

A party is found by the id that the ledger knows, else by `code`, which is unique and never
changes; an opportunity by its `reference`. Tryton takes a batch whole or not at all: a
UserError refuses it, and it is halved. A creation whose answer was lost is never made again
blindly: the records are looked for first. Contact mechanisms that somebody else entered are
left alone; the ones from here have the name `cdp`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

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
from cdp.destinations._tryton import (
    MECHANISMS,
    Record,
    TrytonApi,
    TrytonOptions,
    mechanism_commands,
    rpc_value,
)
from cdp.errors import RecordRejected

__all__ = ["DESTINATION", "Tryton"]

_PARTIES, _OPPORTUNITIES, _CATEGORY = "parties", "opportunities", "category"
_MODELS = {
    _PARTIES: "party.party",
    _OPPORTUNITIES: "sale.opportunity",
    _CATEGORY: "party.party",
}
_KEPT = {  # what is read of a record that is there
    _PARTIES: ("code", "active", "replaced_by", "contact_mechanisms.type",
               "contact_mechanisms.value", "contact_mechanisms.name",
               "contact_mechanisms.active"),
    _OPPORTUNITIES: ("reference", "state"),
    _CATEGORY: ("code",),
}  # fmt: skip
_KINDS = {
    "char": "text", "text": "text", "selection": "text", "integer": "integer",
    "float": "float", "numeric": "float", "boolean": "boolean", "date": "date",
    "datetime": "timestamp",
}  # fmt: skip
_OPEN = ("lead", "opportunity")
_PAUSE = 1.0  # seconds before looking for what a lost call may have made


class Tryton(TrytonApi):
    """Parties, opportunities, and who has a category."""

    summary = "Rows become parties with their contact mechanisms, opportunities, or a category."
    modes = frozenset({"upsert", "update", "create", "mirror", "audience"})
    objects = MappingProxyType(
        {
            _PARTIES: Object(
                "people and companies, by `code`; `email`, `phone`, `mobile`, `fax` and "
                "`website` are contact mechanisms"
            ),
            _OPPORTUNITIES: Object(
                "opportunities, by `reference`; `party`: the code or the email of theirs"
            ),
            _CATEGORY: Object("who has the category `category`; parties are not made, only found"),
        }
    )
    default_object = _PARTIES
    options = TrytonOptions
    can_look_up = True
    skips_nulls = True
    batch_rows = 200
    erases = (
        "Parties are erased by Tryton's own wizard party.erase and then deleted; one that an "
        "invoice or another document needs stays, empty, with its code alone. Opportunities are "
        "emptied and deleted, while Tryton keeps their earlier values in its history."
    )
    known_on = "2026-11-22"
    facts = (
        Fact("JSON-RPC: POST /DATABASE/rpc/, {id, method, params}, the context last; an error is "
             "a 200 with `error`; log-in answers [user id, session]", "trytond 8.2 source, read "
             "2026-11-22, and a server that was run"),
        Fact("party.code is unique and cannot be changed; create is all or nothing; write takes "
             "several (ids, values)", "a server 8.2 that was run, 2026-11-22"),
        Fact("line breaks and tabs are not allowed in a char, so white space becomes one space",
             "trytond 8.2 source, fields.Char"),
        Fact("party.erase takes inactive parties alone; removing deactivates them, and cancels "
             "an opportunity that is open", "modules party and sale_opportunity 8.2, run"),
    )  # fmt: skip
    verified = "trytond 8.2, in the tests"
    example = MappingProxyType(
        {
            "cdp_destination": "tryton",
            "cdp_object": _PARTIES,
            "cdp_mode": "upsert",
            "cdp_match": ["code", "email"],
            "cdp_purpose": "sales_outreach",
            "cdp_fields": {"code": "profile_id", "name": "first_name", "email": "email"},
            "cdp_options": {
                "base_url": "https://tryton.example.com",
                "database": "larkspur",
                "user": "cdp",
                "password_env": "DBT_ENV_SECRET_TRYTON_PASSWORD",
            },
        }
    )

    @classmethod
    def problems(cls, target_object: str, mode: str, options: TrytonOptions) -> Iterator[str]:
        """The server has no address of its own; a category is named, and mirrors."""
        if options.base_url is None:
            yield "cdp_options.base_url is missing. Say where the Tryton server is."
        if (target_object == _CATEGORY) != (options.category is not None):
            yield "cdp_options.category goes with cdp_object: category. Say both or neither."
        if target_object == _CATEGORY and mode not in ("mirror", "audience"):
            yield f"a category mirrors. Use cdp_mode: mirror or audience, not {mode}."

    @classmethod
    def place(cls, target_object: str, options: TrytonOptions) -> str:
        """The server and its database."""
        which = f"{target_object}/{options.category}" if options.category else target_object
        return f"{cls.account(options)}/{which}"

    @classmethod
    def account(cls, options: TrytonOptions) -> str:
        """As place."""
        return f"tryton:{options.base_url or cls.base_url}/{options.database}"

    def __init__(self, delivery: Delivery, options: TrytonOptions) -> None:
        super().__init__(delivery, options, _MODELS[delivery.target_object])
        self._object, self._match = delivery.target_object, delivery.match
        self._types: dict[str, str] = {}  # field → its type at Tryton

    # --- what is there ------------------------------------------------------------------

    def catalogue(self) -> Mapping[str, Field]:
        """The model's fields that a value can be written to."""
        if self._object == _CATEGORY:
            return {name: Field(is_writable=False) for name in ("code", *MECHANISMS)}
        described = self._call("fields_get", read=lambda found: dict(found.items()))
        self._types = {name: str(item["type"]) for name, item in described.items()}
        known = {
            name: Field(_KINDS[item["type"]], is_writable=not item["readonly"])
            for name, item in described.items()
            if item["type"] in _KINDS
        }
        return known | ({"party": Field()} if self._object == _OPPORTUNITIES else {})

    def _is_writable(self, name: str) -> bool:
        return super()._is_writable(name) or (
            self._object == _CATEGORY and name == self._match and name in ("code", *MECHANISMS)
        )

    def check(self) -> Iterator[str]:
        """The fields, the match field and the category."""
        yield from super().check()
        unique = {_PARTIES: ("code",), _OPPORTUNITIES: ("reference",)}
        allowed = unique.get(self._object, ("code", "email"))
        if self._match not in allowed:
            yield (
                f"cdp_match: {self._object} are found by {' or '.join(allowed)}, not "
                f"'{self._match}'. Put it first."
            )
        if self._object == _CATEGORY and len(self._categories()) != 1:
            yield (
                f"cdp_options.category: Tryton has no one category '{self._options.category}'. "
                "Make it there, or name another."
            )

    def _categories(self) -> list[int]:
        found = self._search([["name", "=", self._options.category]], [], "party.category", True)
        return [record["id"] for record in found]

    def look_up(self, field: str, values: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Records by a field, parties also by a contact mechanism; inactive ones by code."""
        if self._model == "party.party" and field in MECHANISMS:
            return self._having(field, values, active=True)
        if field not in (self._known_fields or {}):
            return {}
        found: dict[str, list[str]] = {}
        active = field != self._match
        for record in self._search([[field, "in", list(values)]], [field], active=active):
            found.setdefault(str(record[field]), []).append(str(record["id"]))
        return found

    def _there(self, rows: Sequence[Row]) -> dict[str, Record]:
        """row.id → its record, followed to the party that has replaced it."""
        ids = [int(row.record_id) for row in rows if row.record_id]
        keys = [row.id for row in rows if not row.record_id]
        fields = _KEPT[self._object]
        found = self._search(["OR", ["id", "in", ids], [self._match, "in", keys]], fields)
        by_id = {record["id"]: record for record in found}
        heirs = {record["id"]: record["replaced_by"] for record in found
                 if record.get("replaced_by")}  # fmt: skip
        if heirs:
            others = self._search([["id", "in", sorted(set(heirs.values()))]], fields)
            by_id |= {record["id"]: record for record in others}
            by_id |= {old: by_id[new] for old, new in heirs.items() if new in by_id}
        by_key = {str(record[self._match]): by_id[record["id"]] for record in found}
        return {
            row.id: record
            for row in rows
            if (record := by_id.get(int(row.record_id)) if row.record_id else by_key.get(row.id))
        }

    # --- what is written ----------------------------------------------------------------

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Write what is there, make what is not; or give the category."""
        if self._object == _CATEGORY:
            return self._members(batch.rows, "add")
        _ = self._known_fields  # the types of the fields
        outcomes, parties = self._parties(batch.rows)
        rows = {row.id: row for row in batch.rows if row.id not in outcomes}
        there = self._there(list(rows.values()))
        new = [row for key, row in rows.items() if key not in there and not row.record_id]
        changes = [
            ([record["id"]], self._values(rows[key], record, parties))
            for key, record in there.items()
        ]
        self._write(there, changes)
        ids = {key: record["id"] for key, record in there.items()} | self._make(new, parties)
        gone = Outcome("rejected", "not_found", "Tryton has this record no more")
        outcomes |= {
            key: Outcome("acknowledged", destination_id=str(ids[key])) if key in ids else gone
            for key in rows
        }
        return [outcomes[row.id] for row in batch.rows]

    def _write(
        self, there: Mapping[str, Record], changes: Sequence[tuple[list[int], dict[str, Any]]]
    ) -> None:
        """All changes in one call, after what makes their records writable."""
        if closed := [item["id"] for item in there.values() if item.get("state") == "cancelled"]:
            self._call("lead", closed, read=lambda _: None)
        if asleep := [item["id"] for item in there.values() if not item.get("active", True)]:
            self._call("write", asleep, {"active": True}, read=lambda _: None)
        if parts := [part for change in changes if change[1] for part in change]:
            self._call("write", *parts, read=lambda _: None)

    def _make(self, rows: Sequence[Row], parties: Mapping[str, int]) -> dict[str, int]:
        """row.id → id of the records that are made of the rows. Where the answer is lost,
        those that were made after all are found, and the call is made once more."""
        if not rows:
            return {}
        try:
            return self._create(rows, parties)
        except NoAnswer:
            self._limits("").pause(_PAUSE)
            made = {key: record["id"] for key, record in self._there(rows).items()}
            rest = [row for row in rows if row.id not in made]
            return made | (self._create(rest, parties) if rest else {})

    def _create(self, rows: Sequence[Row], parties: Mapping[str, int]) -> dict[str, int]:
        records = [{self._match: row.id, **self._values(row, None, parties)} for row in rows]
        return self._call(
            "create", records, is_repeatable=False,
            read=lambda found: {
                row.id: int(made) for row, made in zip(rows, found, strict=True)
            },
        )  # fmt: skip

    def _values(
        self, row: Row, record: Record | None, parties: Mapping[str, int]
    ) -> dict[str, Any]:
        """As Tryton takes them; a party's code is of the one who made it."""
        values: dict[str, Any] = {}
        commands: list[Any] = []
        for name, value in row.fields.items():
            if self._object == _PARTIES and name in MECHANISMS:
                commands += mechanism_commands(name, value, record)
            elif name == "party":
                values["party"] = None if value is None else parties[str(value)]
            elif name != "code":
                values[name] = rpc_value(self._types[name], value)
        return values | ({"contact_mechanisms": commands} if commands else {})

    def _parties(self, rows: Sequence[Row]) -> tuple[dict[str, Outcome], dict[str, int]]:
        """Outcomes of opportunities whose party cannot be told; code or email → party."""
        named = {str(value) for row in rows if (value := row.fields.get("party")) is not None}
        if self._object != _OPPORTUNITIES or not named:
            return {}, {}
        mails = sorted(name for name in named if "@" in name)
        codes = sorted(named.difference(mails))
        found: dict[str, Sequence[str]] = dict(
            self._having("email", mails, active=True) if mails else {}
        )
        for record in self._search([["code", "in", codes]], ["code"], "party.party"):
            found[record["code"]] = [str(record["id"])]
        outcomes = {
            row.id: Outcome("rejected", "duplicate", "several parties have this email")
            if str(value) in found
            else Outcome("aborted", "not_found", "no party has this code or email")
            for row in rows
            if (value := row.fields.get("party")) is not None
            and len(found.get(str(value), ())) != 1
        }
        return outcomes, {name: int(ids[0]) for name, ids in found.items() if len(ids) == 1}

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Deactivate parties, cancel open opportunities, or take the category away."""
        if self._object == _CATEGORY:
            return self._members(batch.rows, "remove")
        there = self._there(batch.rows)
        records = list(there.values())
        if self._object == _PARTIES:
            if active := [record["id"] for record in records if record["active"]]:
                self._call("write", active, {"active": False}, read=lambda _: None)
        elif open_ones := [record["id"] for record in records if record["state"] in _OPEN]:
            self._call("cancel", open_ones, read=lambda _: None)
        return [Outcome("acknowledged") for _ in batch.rows]

    def _members(self, rows: Sequence[Row], command: str) -> list[Outcome]:
        """Who is no party cannot have a category: a later run tries again."""
        ids = {row.id: [row.record_id] for row in rows if row.record_id}
        if others := [row.id for row in rows if row.id not in ids]:
            ids |= {key: list(found) for key, found in self.look_up(self._match, others).items()}
        parties = sorted({int(found[0]) for found in ids.values() if len(found) == 1})
        if parties:
            commands = {"categories": [[command, self._categories()]]}
            self._call("write", parties, commands, read=lambda _: None)
        return [self._member(ids.get(row.id, ()), command) for row in rows]

    def _member(self, found: Sequence[str | None], command: str) -> Outcome:
        if len(found) == 1:
            return Outcome("acknowledged", destination_id=found[0])
        if len(found) > 1:
            return Outcome("rejected", "duplicate", "several parties have this email")
        return Outcome("acknowledged" if command == "remove" else "aborted", "not_found")

    # --- erasure ------------------------------------------------------------------------

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """By party.erase, then deleted where nothing points to them; opportunities emptied."""
        return [self._erase(person) for person in people]

    def _erase(self, person: Person) -> Outcome:
        try:
            if self._object == _OPPORTUNITIES:
                self._erase_opportunity(person)
            else:
                self._erase_parties(person)
        except RecordRejected as error:
            return Outcome("rejected", "not_allowed", str(error))
        return Outcome("acknowledged")

    def _erase_parties(self, person: Person) -> None:
        domain: list[Any] = ["OR", ["code", "=", person.id]]
        if person.record_id:
            domain.append(["id", "=", int(person.record_id)])
        ids = {record["id"] for record in self._search(domain, [])}
        if mails := list(person.identifiers.get("email", ())):
            found = self._having("email", mails, active=False)
            ids |= {int(party) for parties in found.values() for party in parties}
        if not ids:
            return
        parties = sorted(ids)
        self._call("write", parties, {"active": False}, read=lambda _: None)
        for party in parties:
            self._run_wizard(party)
            try:
                self._call("delete", [party], read=lambda _: None)
            except RecordRejected:  # something points to it: it stays, empty
                continue

    def _erase_opportunity(self, person: Person) -> None:
        _ = self._known_fields  # the types of the fields
        there = self._there([Row(person.id, {}, person.record_id)])
        for record in there.values():
            texts = [name for name in (self._match, *self._delivery.fields)
                     if self._types.get(name) in ("char", "text")]  # fmt: skip
            empty = dict.fromkeys([*texts, "party"])
            if record["state"] == "cancelled":
                self._call("lead", [record["id"]], read=lambda _: None)
            self._call("write", [record["id"]], empty, read=lambda _: None)
            self._call("cancel", [record["id"]], read=lambda _: None)
            self._call("delete", [record["id"]], read=lambda _: None)


DESTINATION = Tryton
