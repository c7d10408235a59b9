"""What exact identifiers alone connect: a plain union-find, with its own simple cleaning.

A yardstick for the demo's dirt, not for the product: it shares no code with either.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

__all__ = ["Closure", "Quality", "apart", "measure"]

Key = tuple[str, str]

_EMAIL = "nullif(lower(trim({0})), '')"
# The last ten digits, once an extension is gone.
_PHONE = (
    "nullif(right(regexp_replace(regexp_replace({0}, ' ext.*$', ''), '[^0-9]', '', 'g'), 10), '')"
)
# What each table says of one person at a time: the record (or none), then its identifiers.
_ROWS = {
    "loyalty.members": ("loyalty_id", {"loyalty": "loyalty_id", "email": 1, "phone": 1}),
    "shopify.customer": ("id", {"shopify": "id", "email": 1, "phone": 1}),
    "shopify.order": (None, {"shopify": "customer_id", "email": 1}),
    "shopify.abandoned_checkout": (
        None,
        {
            "shopify": "customer_id",
            "email": 1,
            "phone": 1,
            "anonymous": "note_attribute_segment_client_id",
            "client": "note_attribute_google_client_id",
        },
    ),
    "pos.transactions": (
        None,
        {"loyalty": "loyalty_id", "email": "customer_email", "phone": "customer_phone"},
    ),
    "web.identifies": (
        "anonymous_id || ':' || user_id",
        {"anonymous": "anonymous_id", "user": "user_id", "email": 1, "phone": 1},
    ),
    "web.tracks": (None, {"anonymous": "anonymous_id", "user": "user_id"}),
    "app.identifies": (
        "anonymous_id || ':' || user_id",
        {
            "anonymous": "anonymous_id",
            "user": "user_id",
            "device": "context_device_id",
            "email": 1,
            "phone": 1,
        },
    ),
    "app.tracks": (
        None,
        {"anonymous": "anonymous_id", "user": "user_id", "device": "context_device_id"},
    ),
    "ga4.events": (None, {"client": "user_pseudo_id", "user": "user_id"}),
    "salesforce.contact": ("id", {"email": 1, "phone": 1, "phone ": "mobile_phone"}),
    "salesforce.lead": ("id", {"email": 1, "phone": 1, "contact": "converted_contact_id"}),
    "hubspot.contact": ("id", {"email": "property_email"}),
    "klaviyo.person": ("id", {"email": 1, "phone": "phone_number"}),
    "mailchimp.member": ("id", {"email": "email_address"}),
    "zendesk.user": ("id", {"email": 1, "phone": 1, "user": "external_id"}),
    "stripe.customer": ("id", {"email": 1, "phone": 1, "user": "metadata ->> 'user_id'"}),
    "partner.contacts": ("contact_id", {"email": 1, "phone": 1}),
    "callcenter.calls": (None, {"phone": "caller_phone", "loyalty": "loyalty_id"}),
    "consent.receipts": (None, {"email": 1, "phone": 1, "user": "user_id"}),
}


@dataclass(frozen=True)
class Quality:
    """Over pairs of records: of the true ones, how many are found; of the found, how many true."""

    precision: float
    recall: float


class Closure:
    """Records joined by chains of equal identifiers; `ignored` values join nothing."""

    def __init__(self, raw: Path, ignored: Iterable[Key] = ()) -> None:
        self._parent: dict[Key, Key] = {}
        ignored = set(ignored)
        for record, identifiers in _statements(raw):
            keys = [key for key in identifiers if key not in ignored]
            for key in keys if record is None else (record, *keys):
                self._join(key, (record or keys[0]))

    def of(self, record: Key) -> Key:
        """The cluster of a record, named by one of its members."""
        root = record
        while self._parent.setdefault(root, root) != root:
            root = self._parent[root]
        while record != root:
            self._parent[record], record = root, self._parent[record]
        return root

    def _join(self, one: Key, other: Key) -> None:
        self._parent[self.of(one)] = self.of(other)


def _statements(raw: Path) -> Iterator[tuple[Key | None, list[Key]]]:
    """(record or None, identifiers) of every distinct statement of the tables."""
    with duckdb.connect() as connection:
        for table, (record, columns) in _ROWS.items():
            source = table.partition(".")[0]
            kinds = [kind.strip() for kind in columns]
            clean = [
                {"email": _EMAIL, "phone": _PHONE}.get(kind, "cast({0} as varchar)").format(
                    kind if column == 1 else column
                )
                for kind, column in zip(kinds, columns.values(), strict=True)
            ]
            files = raw / source / table.partition(".")[2] / "*.parquet"
            query = (
                f"select distinct cast({record or 'null'} as varchar), {', '.join(clean)}"
                f" from read_parquet('{files}') order by all"
            )
            for record_id, *values in connection.execute(query).fetchall():
                pairs = zip(kinds, values, strict=True)
                yield (
                    None if record is None else (source, record_id),
                    [("=" + kind, value) for kind, value in pairs if value is not None],
                )


def measure(people: Iterable[tuple[Key, str]], closure: Closure) -> Quality:
    """Pairwise precision and recall of a closure against (record, person)."""
    people = list(people)
    both = Counter((closure.of(record), person) for record, person in people)
    found = Counter(closure.of(record) for record, _ in people)
    true = Counter(person for _, person in people)

    def pairs(groups: Counter[object]) -> int:
        return sum(count * (count - 1) // 2 for count in groups.values())

    return Quality(pairs(both) / pairs(found), pairs(both) / pairs(true))


def apart(people: Iterable[tuple[Key, str]], closure: Closure) -> int:
    """How many people have records in two systems that no chain connects."""
    systems: dict[str, dict[Key, set[str]]] = defaultdict(lambda: defaultdict(set))
    for record, person in people:
        systems[person][closure.of(record)].add(record[0])
    return sum(
        any(one != other for one, other in _across(clusters)) for clusters in systems.values()
    )


def _across(clusters: dict[Key, set[str]]) -> Iterator[tuple[str, str]]:
    """Pairs of systems whose records lie in different clusters."""
    listed = list(clusters.values())
    for at, systems in enumerate(listed):
        for others in listed[at + 1 :]:
            yield from ((one, other) for one in systems for other in others)
