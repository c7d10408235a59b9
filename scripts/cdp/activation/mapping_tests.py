"""Tests of a mapping, beside the sync's fields: given columns, expect fields.

    cdp_tests:
      - given: {profile_id: p1, email: " Ann@Example.com"}
        expect: {email: ann@example.com}

They run in an in-memory DuckDB of their own: no warehouse, network or credentials.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cdp.activation.judgement import mapped_sql
from cdp.activation.mapping import map_fields
from cdp.activation.spec import SyncSpec
from cdp.errors import CdpError
from cdp.warehouse._duckdb import DuckDB

__all__ = ["failures"]


def failures(spec: SyncSpec) -> Iterator[str]:
    """One sentence per field of a test that is not as expected."""
    for number, test in enumerate(spec.tests, start=1):
        where = f"{spec.path}, sync {spec.name}, cdp_tests[{number}]"
        try:
            payload = _payload(spec, test["given"])
        except CdpError as error:
            yield f"{where}: {error}"
            continue
        for name, expected in test["expect"].items():
            if name not in payload:
                yield f"{where}: there is no field '{name}'."
            elif payload[name] != expected:
                yield f"{where}: {name} is {payload[name]!r}, not {expected!r}."


def _payload(spec: SyncSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a row of these columns would be sent with."""
    import pyarrow as pa

    warehouse = DuckDB(Path(), {"path": ":memory:"}, "demo", False)
    try:
        row = pa.table({name: [value] for name, value in given.items()})
        nodes = [node for node in (spec.audience, spec.profiles) if node is not None]
        for node in nodes:
            warehouse.execute(f'create schema if not exists "{node.schema}"')
            columns = ", ".join(f'"{field.name}" {_type(field.type)}' for field in row.schema)
            warehouse.execute(f"create table {node.relation} ({columns})")
            warehouse.append(node.relation, row)
        fields, _ = map_fields(spec, warehouse)
        made = {f"field_{number}": field.sql for number, field in enumerate(fields)}
        ((_, _, _, *values),) = warehouse.query(mapped_sql(spec, warehouse, made))
    finally:
        warehouse.close()
    return {field.name: _plain(value) for field, value in zip(fields, values, strict=True)}


def _type(kind: Any) -> str:
    return {"int64": "bigint", "double": "double", "bool": "boolean"}.get(str(kind), "text")


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value
