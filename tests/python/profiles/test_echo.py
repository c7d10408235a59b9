"""A source value is known for an echo by the hash that the ledger kept of it: the macro
and the activation engine must compute the same one."""

from __future__ import annotations

import jinja2
import pytest

from cdp.activation.hashing import hash_sql, literal
from cdp.activation.judgement import _hashed_parts
from cdp.activation.mapping import _mapped
from cdp.activation.spec import MappedField
from cdp.warehouse import Warehouse
from support.project import ROOT

COLUMNS = {
    "first_name": ("text", None, "'Zoë O''Neil'"),
    "email": ("text", "email", "' Ann@Example.com '"),
    "phone": ("text", "phone", "'+44 20 7946-0018'"),
    "birth_date": ("date", None, "cast('1980-02-29' as date)"),
    "city": ("text", None, "cast(null as text)"),
}


def macro(path: str, name: str, *arguments: object) -> str:
    source = (ROOT / "macros" / path).read_text(encoding="utf-8")
    module = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(source).module
    return str(getattr(module, name)(*arguments)).strip()


@pytest.mark.parametrize("column", COLUMNS)
def test_the_macro_and_the_ledger_hash_alike(column: str, warehouse: Warehouse) -> None:
    kind, normalise, given = COLUMNS[column]
    found = {"profiles": {column: (f"profiles.{column}", kind)}, "audience": {}}
    field = MappedField("theirs", column, normalise=normalise, is_of_profiles=True)
    mapped = _mapped(None, field, found, warehouse.dialect)  # type: ignore[arg-type]
    sent = hash_sql(warehouse.dialect, _hashed_parts(mapped, mapped.sql))

    as_sent = macro(
        "profiles/cdp_written_fields.sql", "cdp_as_sent", f"profiles.{column}", normalise
    )
    recipe = literal(f'["{column}|None|{normalise}|None"]')
    told = macro(
        "adapters/cdp_sent_hash.sql", f"{warehouse.dialect}__cdp_sent_hash", as_sent, recipe
    )

    ((ours, theirs),) = warehouse.query(
        f"select {told}, {sent} from (select {given} as {column}) as profiles"
    )
    assert ours == theirs
    assert isinstance(ours, int)
