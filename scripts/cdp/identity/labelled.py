"""A labelled file of people, as raw rows of the source `labelled`: any CSV or Parquet.

Its columns are found by what they are usually called; the truth is read by nobody but
`truth_of`, when all is done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp.errors import ConfigError

__all__ = ["COLUMNS", "LabelledFile", "guess_columns"]

# Ours -> what others call it, the likeliest first; a name may go on after an underscore.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "first_name": ("first_name", "given_name", "forename", "firstname", "fname", "givenname",
                   "first", "first_nm"),
    "last_name": ("last_name", "surname", "family_name", "lastname", "lname", "familyname",
                  "last", "last_nm"),
    "full_name": ("full_name", "fullname", "name", "person_name", "customer_name",
                  "contact_name", "client_name", "display_name"),
    "birth_date": ("birth_date", "date_of_birth", "dob", "birthdate", "birthday", "birth_dt"),
    "birth_year": ("birth_year", "year_of_birth", "yob", "by"),
    "birth_month": ("birth_month", "month_of_birth", "bm"),
    "birth_day": ("birth_day", "day_of_birth", "bd"),
    "gender": ("gender", "sex"),
    "email": ("email", "email_address", "e_mail", "mail"),
    "phone": ("phone", "phone_number", "phone_num", "telephone", "mobile", "tel", "cell"),
    "national_id": (
        "national_id", "ssn", "soc_sec_id", "social_security_number", "nino", "tax_id",
    ),
    "street_number": ("street_number", "house_number", "street_no", "house_no", "housenumber"),
    "address_line1": ("address_line1", "address_line_1", "address_1", "address1",
                      "street_address", "street_name", "street", "address", "home_address",
                      "mailing_address", "postal_address", "residential_address"),
    "address_line2": ("address_line2", "address_line_2", "address_2", "address2"),
    "city": ("city", "suburb", "town", "locality", "place", "birth_place", "place_of_birth"),
    "region": ("region", "state", "province", "county"),
    "postal_code": ("postal_code", "postcode", "post_code", "zip_code", "zipcode", "zip"),
    "country_code": ("country_code", "country"),
    "company": ("company", "employer", "organisation", "organization"),
    "job_title": ("job_title", "occupation", "profession", "job"),
}  # fmt: skip

# A name of these may also end so: home_phone, mailing_street.
_ENDINGS = ("first_name", "last_name", "birth_date", "email", "phone", "address_line1", "city",
            "region", "postal_code")  # fmt: skip
_ALONE = ("address", "first", "last")  # neither ip_address nor last_seen
# Part of one, as in ssn_last4, is another thing.
_EXACT = ("national_id",)
_DATE_FORMATS = (
    "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d",
    "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%b %d %Y", "%B %d %Y", "%b %d, %Y", "%B %d, %Y",
)  # fmt: skip
_NOTHING = ("", "nan", "nat", "null", "none", "n/a", "<na>")


def guess_columns(theirs: Sequence[str]) -> dict[str, str]:
    """Ours -> theirs, for those of our columns that a file seems to have; each used once."""
    plain = {column: _plain(column) for column in theirs}
    found: dict[str, str] = {}
    for is_same, listed in (
        (str.__eq__, tuple(COLUMNS)),
        (
            lambda name, known: name.startswith(f"{known}_") and known not in _ALONE,
            tuple(ours for ours in COLUMNS if ours not in _EXACT),
        ),
        (lambda name, known: f"_{known}_" in f"{name}_" and known not in _ALONE, _ENDINGS),
    ):
        for ours in listed:
            free = [column for column in theirs if column not in found.values()]
            fits = [
                column
                for known in COLUMNS[ours]
                for column in free
                if is_same(plain[column], known)
            ]
            if fits and ours not in found:
                found[ours] = fits[0]
    if "first_name" in found and "last_name" in found:
        found.pop("full_name", None)  # a suffix, or what the two say already
    return found


def _plain(column: str) -> str:
    """ "MailingStreet" and "Mailing Street" as mailing_street."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", column)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


@dataclass(frozen=True)
class LabelledFile:
    """A file of people: the columns of its ids, of its truth, and ours -> theirs."""

    path: Path
    record_id: str
    truth: str
    columns: Mapping[str, str]

    @classmethod
    def open(
        cls, path: Path, record_id: str, truth: str, chosen: Mapping[str, str]
    ) -> LabelledFile:
        """Guess the columns that are not chosen.

        Raises ConfigError for a file that cannot be read, or a column that is not there.
        """
        theirs = _columns(path)
        for column in (record_id, truth, *chosen.values()):
            if column not in theirs:
                raise ConfigError(f"{path} has no column {column}. It has: {', '.join(theirs)}.")
        for ours in chosen:
            if ours not in COLUMNS:
                raise ConfigError(f"--map {ours} is no column of ours. Use: {', '.join(COLUMNS)}.")
        taken = {record_id, truth, *chosen.values()}
        guessed = guess_columns([column for column in theirs if column not in taken])
        columns = {**guessed, **chosen}
        if not columns:
            raise ConfigError(f"No column of {path} was recognised. Name some with --map.")
        return cls(path, record_id, truth, columns)

    def load(self, database: Path) -> int:
        """Write labelled.people, all but the truth, into a DuckDB file; returns its rows."""
        with duckdb.connect(str(database)) as connection:
            connection.execute("create schema if not exists labelled")
            connection.execute(
                f"create or replace table labelled.people as select {self._select(connection)} "  # noqa: S608
                f"from {_reader(self.path)}"
            )
            rows, named, ids = connection.execute(
                "select count(*), count(record_id), count(distinct record_id) from labelled.people"
            ).fetchall()[0]
        if not rows:
            raise ConfigError(f"{self.path} has a header and no rows. Name a file of people.")
        if ids < rows:
            fault = "lacks" if named < rows else "repeats"
            raise ConfigError(
                f"{self.path} {fault} values of {self.record_id}. Name its id with --id."
            )
        return int(rows)

    def truth_of(self) -> dict[str, str]:
        """record id -> the person it truly is."""
        with duckdb.connect() as connection:
            columns = f"{_text(self.record_id)}, {_text(self.truth)}"
            rows = connection.execute(f"select {columns} from {_reader(self.path)}").fetchall()  # noqa: S608
        if any(person is None for _, person in rows):
            raise ConfigError(
                f"{self.path} lacks values of {self.truth}. Label those rows, or leave them out."
            )
        return dict(rows)

    def _select(self, connection: duckdb.DuckDBPyConnection) -> str:
        made = {ours: _value(theirs) for ours, theirs in self.columns.items()}
        parts = [made.pop(f"birth_{part}", None) for part in ("year", "month", "day")]
        if "birth_date" in made:
            formats = _likeliest_formats(connection, made["birth_date"], self.path)
            made["birth_date"] = _date(made["birth_date"], formats)
        elif all(parts):
            made["birth_date"] = "try_cast(concat_ws('-', {}, {}, {}) as date)".format(*parts)
        number = made.pop("street_number", None)
        if number and "address_line1" in made:
            made["address_line1"] = f"concat_ws(' ', {number}, {made['address_line1']})"
        listed = [f"{sql} as {ours}" for ours, sql in made.items()]
        return ", ".join([f"{_text(self.record_id)} as record_id", *listed])


def _reader(path: Path) -> str:
    name = str(path).replace("'", "''")
    if path.suffix.lower() in (".parquet", ".pq"):
        return f"read_parquet('{name}')"
    return f"read_csv('{name}', all_varchar = true, header = true, encoding = '{_encoding(path)}')"


def _encoding(path: Path) -> str:
    """The first that reads all of the file; utf-16 only where its mark says so."""
    content = path.read_bytes()
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _text(column: str) -> str:
    quoted = '"' + column.replace('"', '""') + '"'
    return f"nullif(trim(cast({quoted} as varchar)), '')"


def _value(column: str) -> str:
    """A column as text: whole numbers without the .0 of a float, nothing as null."""
    text = f"regexp_replace({_text(column)}, '^(-?[0-9]+)[.]0$', '\\1')"
    return f"case when lower({text}) not in {_NOTHING} then {text} end"


def _likeliest_formats(connection: duckdb.DuckDBPyConnection, text: str, path: Path) -> list[str]:
    """The date formats, the one that reads most of the column first: 01/02 is as 30/02."""
    counted = ", ".join(f"count(try_strptime({text}, '{name}'))" for name in _DATE_FORMATS)
    read = connection.execute(f"select {counted} from {_reader(path)}").fetchall()[0]  # noqa: S608
    return [name for _, name in sorted(zip(read, _DATE_FORMATS, strict=True), key=_most_read)]


def _most_read(counted: tuple[int, str]) -> int:
    return -counted[0]


def _date(text: str, formats: Sequence[str]) -> str:
    other = f"cast(try_strptime({text}, {list(formats)}) as date)"
    return f"coalesce(try_cast({text} as date), {other})"


def _columns(path: Path) -> list[str]:
    if not path.stat().st_size:
        raise ConfigError(f"{path} is empty. Name a file of people with a header.")
    try:
        with duckdb.connect() as connection:
            rows = connection.execute(f"describe select * from {_reader(path)}").fetchall()  # noqa: S608
    except duckdb.Error as error:
        raise ConfigError(f"{path} cannot be read as CSV or Parquet with a header.") from error
    return [str(row[0]) for row in rows]
