"""`cdp identity evaluate`: the product's own models over a labelled file, judged.

All of it happens in a scratch DuckDB; the truth is read when the last model has run.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdp import clock
from cdp.errors import ConfigError
from cdp.identity.evaluate import MergeQuality, compare
from cdp.identity.labelled import LabelledFile
from cdp.identity.train import promote, train
from cdp.warehouse import Warehouse, open_warehouse, quoted, schema_name

__all__ = ["Trial", "evaluate", "panel"]

_DBT = [sys.executable, "-c", "from dbt.cli.main import cli; cli(prog_name='dbt')"]
_TARGET = "dev"
_TO_LEVELS = (
    "+idg_components", "+idg_match_levels", "+idg_match_frequencies",
)  # fmt: skip
_TO_CLUSTERS = ("+idg_clusters", "idg_match_yields")
_FROM_PARAMETERS = ("idg_match_parameters+,+idg_clusters", "idg_match_yields")


@dataclass(frozen=True)
class Trial:
    """What one evaluation found; shares from 0 to 1, memory in MB."""

    quality: MergeQuality
    largest_person: int
    blocking_recall: float
    candidates_per_record: float
    blocking: dict[str, dict[str, int]]  # rule -> its row of idg_match_yields
    columns: dict[str, str]
    model: str
    seconds: float
    peak_memory_mb: int

    def as_dict(self) -> dict[str, Any]:
        """All figures by name, those of quality among them."""
        own = {name: value for name, value in vars(self).items() if name != "quality"}
        rounded = {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in own.items()
        }
        return self.quality.as_dict() | rounded


def evaluate(project_dir: Path, file: LabelledFile, is_trained: bool) -> Trial:
    """Load, run the models (train on the way, if asked), then compare with the truth.

    Raises ConfigError for a file or model that will not do, or when dbt fails.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cdp-evaluate-") as folder, _scratch(Path(folder)):
        file.load(Path(folder) / "scratch.duckdb")
        model = _build(project_dir, is_trained)
        seconds = time.monotonic() - started
        warehouse = open_warehouse(project_dir, _TARGET)
        try:
            return _judge(warehouse, file, model, seconds)
        finally:
            warehouse.close()


@contextmanager
def _scratch(folder: Path) -> Iterator[None]:
    """The environment that leads dbt and us to a database in the folder, and back."""
    ours = {
        "CDP_WAREHOUSE": "duckdb",
        "CDP_DUCKDB_PATH": str(folder / "scratch.duckdb"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _build(project_dir: Path, is_trained: bool) -> str:
    """Run the models; returns the name of the model that scored."""
    settings = panel(project_dir)
    if not is_trained:
        _dbt(project_dir, settings, "build", *_TO_CLUSTERS)
        return "shipped"
    _dbt(project_dir, settings, "build", *_TO_LEVELS)
    warehouse = open_warehouse(project_dir, _TARGET)
    try:
        version = promote(warehouse, train(warehouse, project_dir))
    finally:
        warehouse.close()
    _dbt(project_dir, settings, "run", *_FROM_PARAMETERS)
    return version


def panel(project_dir: Path) -> dict[str, Any]:
    """The control panel of a warehouse whose only source is the file."""
    types = clock.project_vars(project_dir).get("cdp_identifier_types") or {}
    kept = {name: types[name] for name in ("email", "phone") if name in types}
    return {
        "cdp_sources": {"labelled": {}},
        "cdp_inputs": {"people": ["cdp.stg_labelled__people"]},
        "cdp_identifier_types": {**kept, "national_id": {"kind": "text"}},
        "cdp_probable_matching": True,
    }


def _dbt(project_dir: Path, settings: Mapping[str, Any], command: str, *selection: str) -> None:
    arguments = [command, "--quiet", "--target", _TARGET, "--vars", json.dumps(settings)]
    if (project_dir / "profiles.yml").exists():
        arguments += ["--profiles-dir", "."]
    if command == "build":
        arguments += ["--exclude-resource-type", "test", "unit_test"]
    process = subprocess.run(  # noqa: S603
        [*_DBT, *arguments, "--select", *selection],
        cwd=project_dir, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if process.returncode:
        raise ConfigError(f"dbt could not run the models: {_reason(process.stdout)}")


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if "rror" in line]
    return lines[0] if lines else "it gave no reason."


def _judge(warehouse: Warehouse, file: LabelledFile, model: str, seconds: float) -> Trial:
    clusters, pairs = _clusters(warehouse), _pairs(warehouse)
    peak_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    truth = file.truth_of()
    linked = {record: exact for record, (exact, _) in clusters.items()}
    return Trial(
        quality=compare(
            {("labelled", record): str(cluster) for record, (_, cluster) in clusters.items()},
            {("labelled", record): person for record, person in truth.items()},
        ),
        largest_person=max(Counter(truth.values()).values()),
        blocking_recall=_blocking_recall(truth, linked, pairs),
        candidates_per_record=2 * len(pairs) / len(truth),
        blocking=_yields(warehouse),
        columns=dict(file.columns),
        model=model,
        seconds=seconds,
        peak_memory_mb=peak_kb // 1024,
    )


def _blocking_recall(
    truth: Mapping[str, str], linked: Mapping[str, int], pairs: Sequence[tuple[str, str]]
) -> float:
    """Share of the true pairs that are compared, or that identifiers link anyway."""
    true_pairs = _pairs_within(Counter(truth.values()))
    found = _pairs_within(Counter((linked[record], person) for record, person in truth.items()))
    found += sum(
        truth[one] == truth[other] and linked[one] != linked[other] for one, other in pairs
    )
    return found / true_pairs if true_pairs else 1.0


def _pairs_within(sizes: Counter[Any]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())


def _clusters(warehouse: Warehouse) -> dict[str, tuple[int, int]]:
    """record id -> its exact component, its cluster."""
    table = _tables(warehouse)
    rows = warehouse.query(
        "select edges.record_id, components.component_id, clusters.cluster_id "  # noqa: S608
        f"from {table('idg_edges')} as edges "
        f"inner join {table('idg_components')} as components on edges.node_id = components.node_id "
        f"inner join {table('idg_clusters')} as clusters "
        "on components.component_id = clusters.component_id "
        "where edges.identifier_type = 'record'"
    )
    return {record: (component, cluster) for record, component, cluster in rows}


def _yields(warehouse: Warehouse) -> dict[str, dict[str, int]]:
    rows = warehouse.query(
        "select rule, pairs, pairs_alone, links_alone "  # noqa: S608
        f"from {_tables(warehouse)('idg_match_yields')} order by pairs desc, rule"
    )
    names = ("pairs", "pairs_alone", "links_alone")
    return {rule: dict(zip(names, counts, strict=True)) for rule, *counts in rows}


def _pairs(warehouse: Warehouse) -> list[tuple[str, str]]:
    """(record id, record id) of every candidate pair."""
    table = _tables(warehouse)
    people = table("idg_match_people")
    return warehouse.query(
        "select one.record_id, other.record_id "  # noqa: S608
        f"from {table('idg_match_pairs')} as pairs "
        f"inner join {people} as one on pairs.one_id = one.node_id "
        f"inner join {people} as other on pairs.other_id = other.node_id"
    )


def _tables(warehouse: Warehouse) -> Callable[[str], str]:
    schema = schema_name("cdp_internal", warehouse.target)
    return lambda name: quoted(schema, name)
