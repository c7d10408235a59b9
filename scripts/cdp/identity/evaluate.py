"""Merge quality: the identity map's person records against a labelled truth.

Pairwise counts weigh a person by the square of their records; B-cubed gives every record
the same weight (Bagga & Baldwin 1998), so that one large wrong merge does not drown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cdp.errors import ConfigError, WarehouseError

if TYPE_CHECKING:
    from cdp.warehouse import Warehouse

__all__ = ["MergeQuality", "compare", "merge_quality", "read_truth"]

Key = tuple[str, str]  # source, record_id

_COLUMNS = ("source", "record_id", "person_id")


@dataclass(frozen=True)
class MergeQuality:
    """Shares from 0 to 1; `unmapped` records count as profiles of their own."""

    records: int
    unmapped: int
    people: int
    profiles: int
    mixed_profiles: int
    largest_profile: int
    pairwise_precision: float
    pairwise_recall: float
    pairwise_f1: float
    b_cubed_precision: float
    b_cubed_recall: float
    b_cubed_f1: float

    def as_dict(self) -> dict[str, float]:
        """The figures by name, shares to four places."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


def read_truth(path: Path) -> dict[Key, str]:
    """(source, record_id) -> person_id of a Parquet file with these three columns.

    Raises ConfigError when there is no such file, it lacks a column, or repeats a record.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=list(_COLUMNS))
    except (OSError, pa.ArrowException) as error:
        raise ConfigError(
            f"{path} is no Parquet file with the columns {', '.join(_COLUMNS)}."
        ) from error
    columns = [table[name].cast(pa.string()).to_pylist() for name in _COLUMNS]
    truth = {(source, record): person for source, record, person in zip(*columns, strict=True)}
    if len(truth) < table.num_rows:
        raise ConfigError(f"{path} names a record more than once. Keep one row a record.")
    return truth


def merge_quality(warehouse: Warehouse, truth: Mapping[Key, str]) -> MergeQuality:
    """The map that stands in the warehouse, compared with the truth; memory O(records).

    Raises WarehouseError when there is no map, or it holds none of the truth's records.
    """
    from cdp.warehouse import quoted, schema_name

    schema = schema_name("cdp", warehouse.target)
    if not warehouse.columns(schema, "cdp_identity_map"):
        raise WarehouseError("There is no cdp_identity_map yet. Run dbt build first.")
    table = quoted(schema, "cdp_identity_map")
    found: dict[Key, str] = {}
    for batch in warehouse.batches(
        f"select source, record_id, profile_id from {table} where is_person"  # noqa: S608
    ):
        sources, records, profiles = (column.to_pylist() for column in batch.columns)
        keys = zip(sources, records, strict=True)
        found.update(pair for pair in zip(keys, profiles, strict=True) if pair[0] in truth)
    if not found:
        raise WarehouseError("cdp_identity_map holds no record of that truth. Name the right file.")
    return compare(found, truth)


def compare(found: Mapping[Key, str], truth: Mapping[Key, str]) -> MergeQuality:
    """`found` (record -> profile) against `truth` (record -> person), over truth's records."""
    cells = Counter((found.get(key, f"unmapped {key}"), truth[key]) for key in truth)
    profiles: Counter[str] = Counter()
    people: Counter[str] = Counter()
    for (profile, person), size in cells.items():
        profiles[profile] += size
        people[person] += size
    together = _pairs(cells.values())
    precision = _share(together, _pairs(profiles.values()))
    recall = _share(together, _pairs(people.values()))
    of_profile = sum(n * n / profiles[profile] for (profile, _), n in cells.items())
    of_person = sum(n * n / people[person] for (_, person), n in cells.items())
    b_precision, b_recall = _share(of_profile, len(truth)), _share(of_person, len(truth))
    kinds = Counter(profile for profile, _ in cells)
    return MergeQuality(
        records=len(truth),
        unmapped=sum(key not in found for key in truth),
        people=len(people),
        profiles=len(profiles),
        mixed_profiles=sum(count > 1 for count in kinds.values()),
        largest_profile=max(profiles.values(), default=0),
        pairwise_precision=precision,
        pairwise_recall=recall,
        pairwise_f1=_f1(precision, recall),
        b_cubed_precision=b_precision,
        b_cubed_recall=b_recall,
        b_cubed_f1=_f1(b_precision, b_recall),
    )


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def _share(part: float, whole: float) -> float:
    """Of nothing, nothing is wrong: 1."""
    return part / whole if whole else 1.0


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
