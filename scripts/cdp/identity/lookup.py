"""What a person names when they ask who somebody is: a profile, a record, an identifier.

Values are looked up in the form in which the models keep them: an email as
cdp_normalise_email makes it, a phone as cdp_normalise_phone would in each country, the
default one first, an id of a source with each source before it.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from cdp.declared import read_packages, read_panel
from cdp.errors import ConfigError, WarehouseError
from cdp.identity.masked import masked
from cdp.identity.places import Places
from cdp.warehouse import Warehouse

__all__ = ["Country", "Endpoint", "Lookup", "phone_forms"]

_ROW = """
    select rows.identity_key, identity_map.profile_id
    from {internal}.inp_ as rows
    left join {cdp}.cdp_identity_map as identity_map
        on rows.source = identity_map.source and rows.identity_key = identity_map.record_id
    where rows.source = ? and rows.record_id = ?
"""
_CARRIED = """
    select distinct identifier_type, identifier_value
    from {internal}.idg_identifiers where identifier_value in (?)
"""


@dataclass(frozen=True)
class Country:
    """How numbers are written in a country (see the seed cdp_countries)."""

    calling_code: str
    trunk_prefix: str
    min_length: int
    max_length: int


@dataclass(frozen=True)
class Endpoint:
    """What was asked for, and whose it is: no profile, when its records name nobody;
    several, when they share it. `redirected_from`: an id that went up in the profile."""

    asked: str
    kind: str  # profile, record, identifier
    profiles: tuple[str, ...]
    record: tuple[str, str] | None = None
    identifier: tuple[str, str] | None = None
    redirected_from: str | None = None


def phone_forms(text: str, countries: Sequence[Country]) -> list[str]:
    """The E.164 forms of a number as people in these countries may write it, in order."""
    written = re.sub(r"(ext|x|#|;).*$", "", text.strip().lower())
    digits = re.sub(r"[^0-9]", "", written.replace("(0)", ""))
    if written.startswith("+"):
        return _e164(digits, 8, 15, "")
    if digits.startswith("00"):
        return _e164(digits[2:], 8, 15, "")
    forms = (form for country in countries for form in _national(digits, country))
    return list(dict.fromkeys(forms))


def _national(digits: str, country: Country) -> list[str]:
    code, trunk = country.calling_code, country.trunk_prefix
    shortest, longest = country.min_length, country.max_length
    if code == "1" and digits.startswith("011"):
        return _e164(digits[3:], 8, 15, "")
    if trunk and digits.startswith(trunk) and len(digits) > shortest:
        return _e164(digits[len(trunk) :], shortest, longest, code)
    if len(digits) > longest and digits.startswith(code):
        return _e164(digits[len(code) :], shortest, longest, code)
    return _e164(digits, shortest, longest, code)


def _e164(digits: str, shortest: int, longest: int, code: str) -> list[str]:
    fits = shortest <= len(digits) <= longest and not (code + digits).startswith("0")
    return [f"+{code}{digits}"] if fits else []


class Lookup:
    """Finds what was asked for in one build. Raises CdpError with what to do instead."""

    def __init__(self, project_dir: Path, warehouse: Warehouse, places: Places) -> None:
        packages = read_packages(project_dir)
        self._panel = read_panel(packages)
        self._seeds = {f"{p.name}.{name}": path for p in packages for name, path in p.seeds.items()}
        self._warehouse = warehouse
        self._places = places

    def find(self, asked: str) -> Endpoint:
        """What `asked` names. Raises ConfigError where it names nothing, or several things."""
        text = asked.strip()
        if re.fullmatch(r"p[0-9]{10,}", text):
            return self._profile(text)
        kind, equals, value = text.partition("=")
        if equals and re.fullmatch(r"[a-z_]+", kind.strip()):
            return self._identifier(asked, value, self._type(kind.strip()))
        return self._record(text) or self._identifier(asked, text, None)

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        names = vars(self._places)
        return self._warehouse.query(sql.format(**names), values)

    def _profile(self, profile_id: str) -> Endpoint:
        if self._rows("select 1 from {cdp}.cdp_identity_map where profile_id = ?", profile_id):
            return Endpoint(profile_id, "profile", (profile_id,))
        changes = self._rows(
            "select change_type, current_profile_id, effective_at "
            "from {cdp}.cdp_identity_changes "
            "where (change_type = 'merged' and previous_profile_id = ?) "
            "or (change_type = 'erased' and profile_id = ?) order by run_number desc",
            profile_id, profile_id,
        )  # fmt: skip
        if not changes:
            raise ConfigError(
                f"There never was a profile {profile_id}. Ask by an email, a phone or "
                "source:record_id instead."
            )
        change, current, at = changes[0]
        if current is None:
            raise ConfigError(
                f"{profile_id} was {change} on {at:%Y-%m-%d}, and no record of it is left. "
                "cdp_identity_changes has its history."
            )
        return Endpoint(profile_id, "profile", (current,), redirected_from=profile_id)

    def _type(self, name: str) -> str:
        types = [*self._types(), "record"]
        if name not in types:
            near = get_close_matches(name, types, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(types)}."
            raise ConfigError(f"{name} is no identifier type. {hint}")
        return name

    def _types(self) -> Mapping[str, Mapping[str, str]]:
        types: Mapping[str, Mapping[str, str]] = self._panel.get("cdp_identifier_types") or {}
        return types

    def _record(self, text: str) -> Endpoint | None:
        source, colon, record_id = text.partition(":")
        if not colon:
            return None
        rows = self._rows(
            "select profile_id from {cdp}.cdp_identity_map where source = ? and record_id = ?",
            source, record_id,
        )  # fmt: skip
        if rows:
            return Endpoint(text, "record", (rows[0][0],), record=(source, record_id))
        return self._row(text, source, record_id)

    def _row(self, text: str, source: str, record_id: str) -> Endpoint | None:
        """A row of any contract, an order say: it stands for its set of identifiers."""
        tables = self._warehouse.query(
            "select table_name from information_schema.columns "
            "where table_schema = ? and column_name = 'identity_key' order by 1",
            (self._places.internal.strip('"'),),
        )
        for (table,) in tables:
            if not table.startswith("inp_"):
                continue
            rows = self._rows(_ROW.replace("inp_", table), source, record_id)
            for key, profile in rows:
                if profile is None:
                    raise ConfigError(
                        f"That row of {table} names nobody: it carries no identifier that is of "
                        "use, or its source has deleted it."
                    )
                return Endpoint(text, "record", (profile,), record=(source, key))
        return None

    def _identifier(self, asked: str, value: str, kind: str | None) -> Endpoint:
        found = self._known(self._forms(value, kind))
        if not found:
            raise ConfigError(
                f"'{masked(asked)}' is on no record of the last build. Ask by a profile id, an "
                "email, a phone, source:record_id or type=value."
            )
        if len(found) > 1:
            kinds = ", ".join(dict.fromkeys(name for name, _ in found))
            raise ConfigError(
                f"'{masked(asked)}' may be several things ({kinds}). Say which: {found[0][0]}=…"
            )
        profiles = self._rows(
            "select distinct identity_map.profile_id "
            "from {internal}.idg_identifiers as identifiers "
            "inner join {cdp}.cdp_identity_map as identity_map "
            "on identifiers.source = identity_map.source "
            "and identifiers.record_id = identity_map.record_id "
            "where identifiers.identifier_type = ? and identifiers.identifier_value = ? order by 1",
            *found[0],
        )
        return Endpoint(asked, "identifier", tuple(row[0] for row in profiles), identifier=found[0])

    def _forms(self, value: str, kind: str | None) -> list[tuple[str, str]]:
        """(type, value) that may be meant, the likelier first."""
        if kind == "record":
            return [("record", value)]
        types = self._types()
        chosen = {kind: types[kind]} if kind else types
        return [
            (name, form)
            for name, settings in chosen.items()
            for form in self._written(value.strip(), settings)
        ]

    def _written(self, value: str, settings: Mapping[str, str]) -> Iterator[str]:
        if settings.get("kind") == "email":
            yield unicodedata.normalize("NFKC", value).strip().lower()
        elif settings.get("kind") == "phone":
            yield from phone_forms(value, self._countries()) if any(map(str.isdigit, value)) else ()
        else:
            yield value
            if settings.get("scope") == "source":
                rows = self._rows("select distinct source from {cdp}.cdp_identity_map order by 1")
                yield from (f"{source}:{value}" for (source,) in rows)

    def _known(self, forms: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Those that some record carries; of several phones, the first: the default country's."""
        values = sorted({value for _, value in forms})
        if not values:
            return []
        carried = self._rows(_CARRIED.replace("?", ", ".join("?" for _ in values)), *values)
        known = [form for form in dict.fromkeys(forms) if form in set(carried)]
        phones = {name for name, settings in self._types().items() if settings["kind"] == "phone"}
        first_phone = next((form for form in known if form[0] in phones), None)
        return [form for form in known if form[0] not in phones or form == first_phone]

    def _countries(self) -> list[Country]:
        name = (self._panel.get("cdp_reference") or {}).get("countries", "cdp.cdp_countries")
        if name not in self._seeds:
            raise WarehouseError(f"vars: cdp_reference.countries names no seed: '{name}'. Add it.")
        default = self._panel.get("cdp_default_country")
        with self._seeds[name].open(encoding="utf-8", newline="") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: row["country_code"] != default)
        return [
            Country(
                row["calling_code"], row["trunk_prefix"] or "",
                int(row["min_length"]), int(row["max_length"]),
            )
            for row in rows
        ]  # fmt: skip
