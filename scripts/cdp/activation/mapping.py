"""From columns to the fields of a destination, as SQL: what leaves is made in the warehouse.

Values are typed, normalised and hashed there, so that Python and the ledger meet an email
only where it is sent in clear. Kinds are those of destinations._base.Delivery.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from cdp.activation.hashing import literal, sha256_sql
from cdp.activation.spec import MappedField, Place, SyncSpec
from cdp.errors import ConfigError
from cdp.warehouse import Warehouse, quoted

__all__ = ["Mapped", "map_fields"]

_SQL_TYPES = {
    "text": "text",
    "integer": "bigint",
    "float": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}
_KINDS = {
    "integer": (
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "hugeint",
        "utinyint",
        "usmallint",
        "uinteger",
    ),
    "float": ("double", "double precision", "float", "real", "decimal", "numeric"),
    "boolean": ("boolean",),
    "date": ("date",),
    "timestamp": ("timestamp",),
}


_Columns = Mapping[str, tuple[str, str]]  # column → (SQL name, warehouse type)


@dataclass(frozen=True)
class Mapped:
    """A field with its SQL over `audience` and `profiles`, its kind, and a fingerprint of
    how it is made: a changed mapping is a changed row. What is set once never changes."""

    name: str
    sql: str
    kind: str
    recipe: str
    set_once: bool = False
    skip_null: bool = False


def map_fields(spec: SyncSpec, warehouse: Warehouse) -> tuple[tuple[Mapped, ...], Mapped]:
    """(fields, match key) of a sync, each from the model whose YAML shares it.

    Raises ConfigError when a model is not built or a column is not there.
    """
    columns = _columns(spec, warehouse)
    fields = tuple(_mapped(spec, field, columns, warehouse.dialect) for field in spec.fields)
    key = _mapped(spec, MappedField(spec.key, spec.key), columns, warehouse.dialect)
    match = next((field for field in fields if field.name == spec.match), key)
    return fields, Mapped(match.name, f"cast({match.sql} as text)", "text", match.recipe)


def _columns(spec: SyncSpec, warehouse: Warehouse) -> dict[str, _Columns]:
    """`profiles` and `audience` → their columns; a model that is no parent has none."""
    found: dict[str, _Columns] = {"profiles": {}, "audience": {}}
    for alias, node in (("profiles", spec.profiles), ("audience", spec.audience)):
        if node is None:
            continue
        types = warehouse.columns(node.schema, node.table)
        if not types:
            raise ConfigError(
                f"{node.name} is not in the warehouse. Run dbt build -s +exposure:{spec.name}."
            )
        found[alias] = {name: (f"{alias}.{quoted(name)}", kind) for name, kind in types.items()}
    _check_key(spec, found)
    return found


def _check_key(spec: SyncSpec, found: Mapping[str, _Columns]) -> None:
    """A key of another type would find nobody: everybody would seem to have left."""
    kinds = [found[alias].get("profile_id", ("", "text"))[1] for alias in ("audience", "profiles")]
    if len({kind.startswith(("text", "varchar", "char")) for kind in kinds}) > 1:
        raise ConfigError(
            f"profile_id of {spec.audience.name} is {kinds[0]}, that of cdp_profiles {kinds[1]}. "
            "Give it the type that it has there."
        )


def _mapped(
    spec: SyncSpec, field: MappedField, found: Mapping[str, _Columns], dialect: str
) -> Mapped:
    recipe = f"{field.column}|{field.value!r}|{field.normalise}|{field.hash}"
    if field.template:
        recipe += f"|{field.template!r}"
        sql, kind = _filled(spec, field, found), "text"
    elif field.column is None:
        sql, kind = _fixed(field)
    else:
        place = Place(field.column, is_of_profiles=field.is_of_profiles)
        sql, kind = _typed(*_column(spec, field, place, found))
    if field.normalise or field.hash:
        sql, kind = _hashed(_normalised(f"cast({sql} as text)", field), field, dialect), "text"
    return Mapped(field.name, sql, kind, recipe, field.set_once, field.skip_null)


def _column(
    spec: SyncSpec, field: MappedField, place: Place, found: Mapping[str, _Columns]
) -> tuple[str, str]:
    """(SQL, warehouse type) of a column. Raises ConfigError when it is not there."""
    columns = found["profiles" if place.is_of_profiles else "audience"]
    if place.column not in columns:
        raise ConfigError(_missing(spec, field, place, sorted(columns)))
    return columns[place.column]


def _filled(spec: SyncSpec, field: MappedField, found: Mapping[str, _Columns]) -> str:
    """SQL: the template with its columns, or what stands there for a null."""
    parts = []
    for part in field.template:
        if isinstance(part, str):
            parts.append(literal(part))
        else:
            sql, _ = _typed(*_column(spec, field, part, found))
            parts.append(f"coalesce(cast({sql} as text), {literal(part.default)})")
    return f"({' || '.join(parts)})"


def _fixed(field: MappedField) -> tuple[str, str]:
    kinds = {str: "text", bool: "boolean", int: "integer", float: "float"}
    kind = kinds[type(field.value)]
    return f"cast({literal(field.value)} as {_SQL_TYPES[kind]})", kind


def _typed(sql: str, warehouse_type: str) -> tuple[str, str]:
    """The column cast to one of our kinds; whatever is none of them leaves as text."""
    if "with time zone" in warehouse_type and warehouse_type.startswith("timestamp"):
        return f"cast({sql} at time zone 'UTC' as timestamp)", "timestamp"
    base = warehouse_type.split("(")[0].removesuffix(" without time zone")
    kind = next((kind for kind, types in _KINDS.items() if base in types), "text")
    return f"cast({sql} as {_SQL_TYPES[kind]})", kind


def _normalised(sql: str, field: MappedField) -> str:
    made = {
        None: sql,
        "lower": f"lower(trim({sql}))",
        "email": f"lower(trim({sql}))",
        "google_email": _google_email(f"lower(regexp_replace({sql}, '\\s', '', 'g'))"),
        "phone": f"regexp_replace({sql}, '[^0-9+]', '', 'g')",
    }
    return f"nullif({made[field.normalise]}, '')"


def _google_email(sql: str) -> str:
    """SQL: as Google wants an email before it is hashed: its own mailboxes know neither dots
    nor what follows a plus (destinations/_hashing.py has the rule in Python)."""
    name, domain = f"split_part({sql}, '@', 1)", f"split_part({sql}, '@', 2)"
    return (
        f"case when {domain} in ('gmail.com', 'googlemail.com') "
        f"then replace(split_part({name}, '+', 1), '.', '') || '@' || {domain} else {sql} end"
    )


def _hashed(sql: str, field: MappedField, dialect: str) -> str:
    return sql if field.hash is None else sha256_sql(dialect, sql)


def _missing(spec: SyncSpec, field: MappedField, place: Place, columns: Sequence[str]) -> str:
    near = get_close_matches(place.column, columns, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    model = "cdp_profiles" if place.is_of_profiles else spec.audience.name
    return (
        f"{spec.path}, sync {spec.name}: cdp_fields.{field.name} reads '{place.column}', "
        f"which {model} does not have in the warehouse.{hint}"
    )
