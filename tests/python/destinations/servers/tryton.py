"""Tryton, a light stand-in by the source of trytond 8.2 and its modules party and
sale_opportunity (read 2026-11-22); test_tryton_server.py delivers to the real one.

- POST /DATABASE/rpc/ with {id, method, params}; the context is the last parameter; an
  error is a 200 with `error`: ["UserError", [message, description, domain]] (protocols/
  jsonrpc.py); common.db.login answers [user id, session, url of the bus], 401 and 429
  (protocols/dispatcher.py); header `Session base64(user:id:session)` (protocols/wrappers.py)
- create, write and delete are one transaction; write takes (ids, values) several times
  (model/modelstorage.py); a char takes no line break (model/fields/char.py)
- party.code is unique, inactive parties' too, and read-only once it is there; party.erase
  takes inactive parties, blanks names and contact mechanisms, and leaves the code
  (modules/party/party.py)
- an opportunity is cancelled from lead or opportunity, led again from cancelled, deleted
  when cancelled; amounts take the currency's two digits (modules/sale_opportunity)
- its history of opportunities is left out: nothing in the API can erase it
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from cdp.destinations._base import Row
from destinations.servers._base import Call, Case, Refused, Reply, Server, only, route

__all__ = ["BENCH"]

_PASSWORD = "tryton-password-0000"
_FIELDS = {
    "party.party": {
        "name": "char", "code": "char", "active": "boolean", "replaced_by": "many2one",
        "email": "char", "phone": "char", "mobile": "char", "fax": "char", "website": "char",
        "contact_mechanisms": "one2many", "categories": "many2many",
    },
    "sale.opportunity": {
        "reference": "char", "description": "char", "comment": "text", "amount": "numeric",
        "conversion_probability": "float", "end_date": "date", "party": "many2one",
        "state": "selection",
    },
    "party.contact_mechanism": {
        "party": "many2one", "type": "selection", "value": "char", "name": "char",
        "active": "boolean",
    },
    "party.category": {"name": "char"},
}  # fmt: skip
_READONLY = ("replaced_by", "state")
_PARTY = {"name": "text", "email": "text", "mobile": "text"}
_DEAL = {
    "description": "text", "comment": "text", "amount": "float",
    "conversion_probability": "float", "end_date": "date",
}  # fmt: skip


class Tryton(Server):
    destination = "tryton"
    cases = (
        Case("parties", match="code", fields=_PARTY, text="name", refuses=False),
        Case("parties", "mirror", match="code", fields=_PARTY, text="name", refuses=False),
        Case("opportunities", "mirror", match="reference", fields=_DEAL, text="comment"),
        Case(
            "category", "mirror", match="email", fields={"email": "text"}, refuses=False,
            options={"category": "VIP"}, adopts=False,
        ),
    )  # fmt: skip
    environment = {"TEST_TRYTON_PASSWORD": _PASSWORD}
    settings = {"database": "demo", "user": "admin", "password_env": "TEST_TRYTON_PASSWORD"}

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.tables: dict[str, dict[int, dict[str, Any]]] = {model: {} for model in _FIELDS}
        self.tables["party.category"][1] = {"name": "VIP"}
        self.last_id = 100
        self.token = "session-1"
        self.wizards: set[int] = set()
        self.needed: set[int] = set()  # parties that an invoice is made out to

    def authorise(self, call: Call) -> None:
        """By method: the log-in has no session."""

    # --- what the vendor answers --------------------------------------------------------

    @route("POST", "/demo/rpc/", writes=False)
    def read(self, call: Call) -> Reply:
        return self._answered(call)

    @route("POST", "/demo/rpc/")
    def write(self, call: Call) -> Reply:
        return self._answered(call)

    def _route(self, call: Call) -> Any:
        """What writes is told by the method, which is in the body."""
        handler, writes, parts = super()._route(call)
        if call.path != "/demo/rpc/":
            return handler, writes, parts
        method = json.loads(call.body)["method"].rpartition(".")[2]
        is_read = method in ("login", "search_read", "fields_get")
        return (type(self).read if is_read else type(self).write), not is_read, parts

    def _answered(self, call: Call) -> Reply:
        body = only(call.json, ("id", "method", "params"))
        if body["method"] == "common.db.login":
            return self._log_in(*body["params"])
        held = base64.b64encode(f"admin:1:{self.token}".encode()).decode()
        if call.headers.get("authorization") != f"Session {held}":
            raise Refused(Reply(401))
        before = copy.deepcopy(self.tables) if "search" not in body["method"] else {}
        try:
            result = self._dispatch(body["method"], *body["params"])
        except _UserError as error:
            self.tables = before or self.tables
            return Reply(200, {"id": 0, "error": ["UserError", [str(error), "", None]]})
        except KeyError as error:
            self.tables = before or self.tables
            return Reply(200, {"id": 0, "error": [str(error), ""]})
        return Reply(200, {"id": 0, "result": result})

    def _log_in(self, user: str, parameters: dict[str, str], language: str) -> Reply:
        if (user, only(parameters, ("password",))["password"]) != ("admin", _PASSWORD):
            raise Refused(Reply(401, "<!doctype html><title>401 Unauthorized</title>"))
        return Reply(200, {"id": 0, "result": [1, self.token, None]})

    def _dispatch(self, method: str, *parameters: Any) -> Any:
        *arguments, context = parameters
        if not isinstance(context, dict):
            raise KeyError("context")
        if method.startswith("wizard.party.erase."):
            return self._wizard(method.rpartition(".")[2], arguments)
        model, _, name = method.removeprefix("model.").rpartition(".")
        handler = getattr(self, f"_{name}")
        return handler(model, *arguments, is_active=context.get("active_test", True))

    def _fields_get(self, model: str, is_active: bool) -> dict[str, Any]:
        return {
            name: {"name": name, "type": kind, "readonly": name in _READONLY}
            for name, kind in _FIELDS[model].items()
        }

    def _search_read(
        self,
        model: str,
        domain: list[Any],
        offset: int,
        limit: None,
        order: list[Any],
        fields: list[str],
        is_active: bool,
    ) -> list[dict[str, Any]]:
        found = []
        for key, record in sorted(self.tables[model].items()):
            if (record.get("active", True) or not is_active) and self._fits(key, record, domain):
                found.append(self._shown(model, key, fields))
        return found

    def _shown(self, model: str, key: int, fields: Sequence[str]) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": key}
        for name in fields:
            if name.startswith("contact_mechanisms."):
                shown["contact_mechanisms."] = [
                    {"id": each, **self.tables["party.contact_mechanism"][each]}
                    for each in self._mechanisms(key)
                ]
            elif name != "id":
                _ = _FIELDS[model][name]
                shown[name] = self.tables[model][key].get(name)
        return shown

    def _fits(self, key: int, record: dict[str, Any], domain: list[Any]) -> bool:
        if domain and domain[0] == "OR":
            return any(self._fits(key, record, [clause]) for clause in domain[1:])
        return all(
            self._fits(key, record, clause)
            if isinstance(clause[0], list) or clause[0] == "OR"
            else self._holds(key, record, *clause)
            for clause in domain
        )

    def _holds(self, key: int, record: dict[str, Any], name: str, how: str, wanted: Any) -> bool:
        field, _, inner = name.partition(".")
        value = key if field == "id" else record.get(field)
        if inner:
            value = self.tables["party.party"][value].get(inner)
        if how == "ilike":
            return _plain(wanted).lower() in str(value).lower()
        return value in wanted if how == "in" else value == wanted

    def _create(self, model: str, records: list[dict[str, Any]], is_active: bool) -> list[int]:
        return [self._made(model, values) for values in records]

    def _made(self, model: str, values: dict[str, Any]) -> int:
        self.last_id += 1
        key = self.last_id
        defaults = {
            "party.party": {"active": True, "code": str(key)},
            "party.contact_mechanism": {"active": True, "name": None},
            "sale.opportunity": {"state": "lead", "conversion_probability": 0.5},
        }
        self.tables[model][key] = defaults.get(model, {})
        self._put(model, key, values)
        return key

    def _write(self, model: str, *parts: Any, is_active: bool) -> None:
        for ids, values in zip(parts[::2], parts[1::2], strict=True):
            for key in ids:
                if key not in self.tables[model]:
                    raise _UserError(f'You are trying to write to "{key}" that don\'t exist.')
                if "code" in values and model == "party.party":
                    raise _UserError('You are not allowed to modify the field "Code".')
                if set(values) & set(_MECHANISMS) and model == "party.party":
                    raise _UserError('You are not allowed to modify the field "Email".')
                self._put(model, key, values)

    def _put(self, model: str, key: int, values: dict[str, Any]) -> None:
        record = self.tables[model][key]
        for name, value in values.items():
            kind = _FIELDS[model][name]
            if name in _READONLY:
                raise _UserError(f'You are not allowed to modify the field "{name}".')
            if name == "contact_mechanisms":
                self._command(key, value)
            elif name == "categories":
                self._categorise(record, value)
            else:
                record[name] = _checked(name, kind, value)
        if model == "party.party":
            codes = [each["code"] for each in self.tables[model].values()]
            if codes.count(record["code"]) > 1:
                raise _UserError("The code on party must be unique.")

    def _command(self, party: int, commands: list[Any]) -> None:
        table = self.tables["party.contact_mechanism"]
        for command, *rest in commands:
            if command == "create":
                for values in rest[0]:
                    self._made("party.contact_mechanism", values | {"party": party})
            elif command == "write":
                self._write("party.contact_mechanism", *rest, is_active=False)
            elif command == "delete":
                for key in rest[0]:
                    del table[key]
            else:
                raise KeyError(command)

    def _categorise(self, record: dict[str, Any], commands: list[Any]) -> None:
        held = set(record.get("categories", ()))
        for command, ids in commands:
            held = held | set(ids) if command == "add" else held - set(ids)
        record["categories"] = sorted(held)

    def _delete(self, model: str, ids: list[int], is_active: bool) -> None:
        for key in ids:
            if key in self.needed:
                raise _UserError("The records could not be deleted because they are used.")
            if self.tables[model][key].get("state", "cancelled") != "cancelled":
                raise _UserError("To delete opportunity you must cancel it.")
            del self.tables[model][key]
            for each in self._mechanisms(key):
                del self.tables["party.contact_mechanism"][each]

    def _cancel(self, model: str, ids: list[int], is_active: bool) -> None:
        self._move(ids, ("lead", "opportunity"), "cancelled")

    def _lead(self, model: str, ids: list[int], is_active: bool) -> None:
        self._move(ids, ("cancelled", "lost", "opportunity"), "lead")

    def _move(self, ids: list[int], allowed: tuple[str, ...], state: str) -> None:
        for key in ids:
            record = self.tables["sale.opportunity"][key]
            if record["state"] in allowed:
                record["state"] = state

    def _wizard(self, name: str, arguments: list[Any]) -> Any:
        if name == "create":
            self.wizards.add(len(self.wizards) + 1)
            return [max(self.wizards), "ask", "end"]
        session, *rest = arguments
        if session not in self.wizards:
            raise KeyError("session")
        if name == "delete":
            return self.wizards.discard(session)
        answers, state = rest
        party = only(answers["ask"], ("party",))["party"]
        record = self.tables["party.party"][party]
        if state != "erase" or record["active"]:
            raise _UserError(f'Party "{record["name"]}" cannot be erased because still active.')
        record["name"] = None
        for key in self._mechanisms(party):
            blank = {"type": "other", "value": "****", "name": None, "active": False}
            self.tables["party.contact_mechanism"][key] |= blank
        return {}

    def _mechanisms(self, party: int) -> Iterator[int]:
        table = self.tables["party.contact_mechanism"]
        return iter([key for key, record in table.items() if record["party"] == party])

    # --- what the suite asks ------------------------------------------------------------

    def row(self, case: Case, number: int, **changes: Any) -> Row:
        if case.target_object == "opportunities":
            changes = {"conversion_probability": 0.25, **changes}
        row = super().row(case, number, **changes)
        if case.target_object == "category" and not self._find(case, row.id):
            made = {"type": "email", "value": row.id.upper()}
            self._made("party.party", {"contact_mechanisms": [["create", [made]]]})
        return row

    def bad_row(self, case: Case, number: int) -> Row:
        return self.row(case, number, conversion_probability=7.0)

    def seed(self, case: Case, row: Row) -> str:
        if case.target_object == "category":
            return str(self._find(case, row.id)[0])
        model = "party.party" if case.target_object == "parties" else "sale.opportunity"
        return str(self._made(model, {case.match: row.id}))

    def _find(self, case: Case, key: str) -> list[int]:
        if case.target_object == "category":
            return [
                record["party"]
                for record in self.tables["party.contact_mechanism"].values()
                if record["value"].lower() == key.lower()
            ]
        model = "party.party" if case.target_object == "parties" else "sale.opportunity"
        return [
            found
            for found, record in self.tables[model].items()
            if record.get(case.match) == key and record.get("active", True)
            and record.get("state") != "cancelled"
        ]  # fmt: skip

    def held(self, case: Case, row: Row) -> object:
        found = self._find(case, row.id)
        if not found:
            return None
        if case.target_object == "category":
            return 1 in self.tables["party.party"][found[0]].get("categories", ()) or None
        if case.target_object == "opportunities":
            record = self.tables["sale.opportunity"][found[0]]
            return {name: record.get(name) for name in case.fields if record.get(name) is not None}
        shown = {"name": self.tables["party.party"][found[0]].get("name")}
        for each in self._mechanisms(found[0]):
            record = self.tables["party.contact_mechanism"][each]
            shown[record["type"]] = record["value"]
        return {name: value for name, value in shown.items() if value is not None}

    def wanted(self, case: Case, row: Row) -> object:
        if case.target_object == "category":
            return True
        return {
            name: _written(_FIELDS_OF[case.target_object][name], value)
            for name, value in row.fields.items()
            if value is not None
        }

    def count(self, case: Case) -> int:
        if case.target_object == "category":
            parties = self.tables["party.party"].values()
            return sum(1 in record.get("categories", ()) for record in parties)
        model = "party.party" if case.target_object == "parties" else "sale.opportunity"
        return sum(
            record.get("active", True) and record.get("state") != "cancelled"
            for record in self.tables[model].values()
        )

    def everything(self) -> str:
        return json.dumps(self.tables, default=str).lower()


class _UserError(Exception):
    """What Tryton tells the user."""


_MECHANISMS = ("email", "phone", "mobile", "fax", "website")
_FIELDS_OF = {
    "parties": _FIELDS["party.party"],
    "opportunities": _FIELDS["sale.opportunity"],
}


def _plain(pattern: str) -> str:
    """The text of a pattern %text% whose own wildcards are escaped."""
    text = pattern.removeprefix("%").removesuffix("%")
    bare = text.replace("\\\\", "").replace("\\%", "").replace("\\_", "")
    if "%" in bare or "_" in bare:
        raise KeyError("a wildcard in what is looked for")
    return text.replace("\\%", "%").replace("\\_", "_").replace("\\\\", "\\")


def _checked(name: str, kind: str, value: Any) -> Any:
    if kind == "char" and value and set(value) & set("\t\n\r\v\f"):
        raise _UserError(f'The value "{value}" for field "{name}" contains some invalid chars.')
    if name == "conversion_probability" and not 0 <= value <= 1:
        raise _UserError(f'The value "{value}" for field "{name}" is not valid.')
    if kind in ("numeric", "date") and value is not None:
        if not isinstance(value, dict) or value["__class__"] != {"numeric": "Decimal"}.get(
            kind, "date"
        ):
            raise KeyError(name)
        if kind == "numeric" and -Decimal(value["decimal"]).as_tuple().exponent > 2:  # type: ignore[operator]
            raise _UserError(f'The number of digits in the value of "{name}" exceeds the limit.')
    return value


def _written(kind: str, value: Any) -> Any:
    if kind == "numeric":
        return {"__class__": "Decimal", "decimal": str(value)}
    if kind == "date":
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    return " ".join(value.split()) if kind == "char" else value


BENCH = Tryton
