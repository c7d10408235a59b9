"""A vendor's own OpenAPI document, hardened, against which every call of a module must hold.

A document says less than the vendor enforces: here an object has no field that it does not
declare, an array no more items than the vendor's prose allows (`most`), and a required
header or a security scheme must be sent whatever its default. What the bench answers must
hold against the document as published. Arrays of thousands are checked in a sample, and
counted in full.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from destinations.servers._base import Call, Reply, Server

__all__ = ["Contract", "ContractServer"]

_SAMPLE = 40  # items of a long array
_METHODS = ("get", "post", "put", "patch", "delete")


class Contract:
    """One OpenAPI 3 document. most: JSON pointer of an array's schema → items it may have."""

    def __init__(self, path: Path, most: Mapping[str, int] | None = None) -> None:
        text = path.read_text(encoding="utf-8")
        self.document: dict[str, Any] = json.loads(text)
        for pointer, items in (most or {}).items():
            self._at(pointer)["maxItems"] = items
        _allow_nulls(self.document)
        _close(self.document)
        self.published: dict[str, Any] = json.loads(text)
        _allow_nulls(self.published)
        self._operations = list(self._all_operations())
        self._validators: dict[str, Any] = {}

    def faults(self, call: Call) -> list[str]:
        """What the document would not let pass of a call, one sentence each, without values."""
        operation = self._operation(call)
        if operation is None:
            return [f"{call.method} {call.path} is not in the document"]
        found = [*self._security(call), *self._parameters(call, operation)]
        return [f"{call.method} {call.path}: {fault}" for fault in (*found, *self._body(call))]

    def answer_faults(self, call: Call, reply: Reply) -> list[str]:
        """What the document does not say of an answer of success."""
        operation = self._operation(call)
        if operation is None or not 200 <= reply.status < 300:
            return []
        declared = operation["responses"].get(str(reply.status))
        if declared is None:
            return [f"{call.method} {call.path}: answers no {reply.status}"]
        content = declared.get("content") or {}
        return [
            f"{call.method} {call.path}: answer: {fault}"
            for of in content.values()
            for fault in self._schema_faults(
                of["schema"], json.loads(reply.content), self.published
            )
        ]

    def _all_operations(self) -> Iterator[tuple[str, re.Pattern[str], dict[str, Any]]]:
        for path, item in self.document["paths"].items():
            shared = item.get("parameters", [])
            pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "/?")
            for method in _METHODS & item.keys():
                operation = item[method]
                parameters = [*shared, *operation.get("parameters", [])]
                yield method, pattern, {**operation, "parameters": parameters}

    def _operation(self, call: Call) -> dict[str, Any] | None:
        return next(
            (
                operation
                for method, pattern, operation in self._operations
                if method == call.method.lower() and pattern.fullmatch(call.path)
            ),
            None,
        )

    def _security(self, call: Call) -> Iterator[str]:
        sent = call.headers.get("authorization", "")
        for scheme in self.document["components"].get("securitySchemes", {}).values():
            header = scheme.get("name", "authorization").lower()
            if scheme["type"] == "http" and not sent.lower().startswith(f"{scheme['scheme']} "):
                yield f"no {scheme['scheme']} credentials"
            elif scheme["type"] == "apiKey" and header not in call.headers:
                yield f"no header {header}"

    def _parameters(self, call: Call, operation: Mapping[str, Any]) -> Iterator[str]:
        declared = {"query": {}, "header": {}, "path": {}}
        for parameter in map(self._resolved, operation["parameters"]):
            declared[parameter["in"]][parameter["name"]] = parameter
        for name in call.query.keys() - declared["query"].keys():
            yield f"unknown query parameter {name}"
        for name, parameter in declared["query"].items():
            values = call.query.get(name, [])
            if parameter.get("required") and not values:
                yield f"no query parameter {name}"
            for value in values:
                yield from self._schema_faults(parameter["schema"], _typed(parameter, value))
        for name, parameter in declared["header"].items():
            if parameter.get("required") and name.lower() not in call.headers:
                yield f"no header {name}"

    def _body(self, call: Call) -> Iterator[str]:
        expected = (self._operation(call) or {}).get("requestBody")
        if not call.body:
            if expected and expected.get("required"):
                yield "no body"
            return
        if expected is None:
            yield "a body where none is declared"
            return
        sent = call.headers.get("content-type", "").split(";")[0]
        if sent not in expected["content"]:
            yield f"content-type {sent} is not declared"
            return
        yield from self._schema_faults(expected["content"][sent]["schema"], json.loads(call.body))

    def _schema_faults(
        self, schema: Mapping[str, Any], value: object, document: Mapping[str, Any] | None = None
    ) -> Iterator[str]:
        components = (document or self.document)["components"]
        key = f"{id(components)} {json.dumps(schema, sort_keys=True)}"
        if key not in self._validators:
            self._validators[key] = _Validator({**schema, "components": components})
        for error in self._validators[key].iter_errors(value):
            unknown = set(error.instance) if error.validator == "additionalProperties" else set()
            names = sorted(unknown - set(error.schema.get("properties", {})))
            where = "/".join(str(part) for part in error.absolute_path)
            yield f"/{where}: {error.validator} {' '.join(names)}".rstrip()

    def _resolved(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._at(found["$ref"]) if "$ref" in found else found

    def _at(self, pointer: str) -> dict[str, Any]:
        found: Any = self.document
        for part in pointer.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        assert isinstance(found, dict)
        return found


class ContractServer(Server):
    """A server whose every call, and every answer of success, holds against `contract`."""

    contract: ClassVar[Contract]

    def answer(self, call: Call) -> Reply | None:
        self.violations += self.contract.faults(call)
        reply = super().answer(call)
        if reply is not None:
            self.violations += self.contract.answer_faults(call, reply)
        return reply


def _close(found: Any, is_part: bool = False) -> None:
    """In place: an object has the properties that it declares. is_part: of an allOf, whose
    whole is closed instead."""
    if isinstance(found, list):
        for item in found:
            _close(item)
    if not isinstance(found, dict):
        return
    for name, inner in found.items():
        if name != "allOf":
            _close(inner)
        for part in inner if name == "allOf" else ():
            _close(part, is_part=True)
    if isinstance(found.get("allOf"), list):
        found.setdefault("unevaluatedProperties", False)
    elif isinstance(found.get("properties"), dict) and not is_part:
        found.setdefault("additionalProperties", False)


def _allow_nulls(found: Any) -> None:
    """In place: OpenAPI 3.0's nullable as a type."""
    for inner in found.values() if isinstance(found, dict) else found:
        if isinstance(inner, dict | list):
            _allow_nulls(inner)
    if isinstance(found, dict) and found.pop("nullable", False) is True:
        _allow_null(found)


def _allow_null(schema: dict[str, Any]) -> None:
    if "type" in schema:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    else:
        inner = dict(schema)
        schema.clear()
        schema["anyOf"] = [inner, {"type": "null"}]


def _sampled(validator: Any, items: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """`items`, of a long array for some of them, the first and the last among these."""
    if not isinstance(instance, list):
        return
    step = max(1, len(instance) // _SAMPLE)
    for index in sorted({*range(0, len(instance), step), len(instance) - 1} - {-1}):
        yield from validator.descend(instance[index], items, path=index)


_Validator = extend(Draft202012Validator, {"items": _sampled})


def _typed(parameter: Mapping[str, Any], value: str) -> Any:
    """A query's text as its schema has it."""
    kind = parameter["schema"].get("type")
    if kind == "integer" and value.isdigit():
        return int(value)
    if kind == "array":
        parts: Sequence[str] = value.split(",") if not parameter.get("explode", True) else [value]
        return list(parts)
    return {"true": True, "false": False}.get(value, value) if kind == "boolean" else value
