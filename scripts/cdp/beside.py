"""Builds beside what stands: the working tree's code, in schemas of its own.

Raw schemas are read as they are. State is copied, so that ids carry over and what stands
is never written to. Nothing of such a build is ever sent (see cdp.activation.session).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from cdp.activation.tables import TABLES
from cdp.build import build
from cdp.declared import read_packages
from cdp.errors import ConfigError
from cdp.project import load_project
from cdp.warehouse import Warehouse, beside_prefix, open_warehouse, quoted, schema_name

__all__ = [
    "build_beside",
    "check_schemas",
    "copy_state",
    "drop_beside",
    "environment",
    "named_beside",
]

# State that no model reads: what was sent, loaded and run stays where it is, the key too.
_NOT_COPIED = {*TABLES, "cdp_build_runs", "cdp_load_files", "cdp_masking_key", "cdp_quarantine"}


def build_beside(project_dir: Path, target: str, name: str, arguments: Sequence[str] = ()) -> int:
    """`cdp build` into the schemas of `name`, made anew; returns dbt's exit code.

    Raises ConfigError when the name will not do, or a model would go where one stands.
    """
    copy_state(project_dir, target, name)
    with named_beside(project_dir, target, name):
        # A test of something that is not selected has nothing to look at there.
        return build(project_dir, target, ("--indirect-selection", "cautious", *arguments))


def copy_state(project_dir: Path, target: str, name: str) -> None:
    """Make the schemas of `name` anew, with a copy of the state that stands."""
    with named_beside(project_dir, target, name):
        check_schemas(project_dir, target)
        theirs = schema_name("cdp_state", target)
    ours = schema_name("cdp_state", target)
    with closing(open_warehouse(project_dir, target)) as warehouse:
        _drop(warehouse, beside_prefix(name, target))
        with warehouse.transaction():
            warehouse.execute(f"create schema {quoted(theirs)}")
            for table in _tables(warehouse, ours):
                copied = f"select * from {quoted(ours, table)}"  # noqa: S608
                warehouse.execute(f"create table {quoted(theirs, table)} as {copied}")
                warehouse.execute(f"analyze {quoted(theirs, table)}")


def drop_beside(project_dir: Path, target: str, name: str) -> list[str]:
    """Drop the schemas of `name`; returns which there were."""
    _check_name(name)
    with closing(open_warehouse(project_dir, target)) as warehouse:
        return _drop(warehouse, beside_prefix(name, target))


@contextmanager
def named_beside(project_dir: Path, target: str, name: str) -> Iterator[None]:
    """Inside, dbt and we name the schemas of that build; dbt writes its files apart."""
    _check_name(name)
    settings = read_packages(project_dir)[0].settings
    base = os.environ.get("DBT_TARGET_PATH") or str(settings.get("target-path", "target"))
    prefix = beside_prefix(name, target)
    with environment(CDP_SCHEMA_PREFIX=prefix, DBT_TARGET_PATH=str(Path(base) / prefix)):
        yield


@contextmanager
def environment(**ours: str) -> Iterator[None]:
    """Inside, these environment variables are set."""
    before = {key: os.environ.get(key) for key in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for key, value in before.items():
            os.environ.pop(key, None)
            if value is not None:
                os.environ[key] = value


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]{0,19}", name):
        raise ConfigError(
            f"'{name}' cannot name a build beside. Use up to 20 small letters and digits."
        )


def check_schemas(project_dir: Path, target: str) -> None:
    """Refuse before anything is written where a node would replace what stands.

    To be called inside `named_beside`. Raises ConfigError.
    """
    prefix = os.environ["CDP_SCHEMA_PREFIX"] + "_"
    for node in load_project(project_dir, target).nodes.values():
        if node.kind in ("model", "seed", "snapshot") and not node.schema.startswith(prefix):
            raise ConfigError(
                f"{node.full_name} would be built in {node.schema}, which stands. Let the "
                "project's macro generate_schema_name begin with CDP_SCHEMA_PREFIX, as that of "
                "the package cdp does."
            )


def _tables(warehouse: Warehouse, schema: str) -> list[str]:
    rows = warehouse.query(
        "select table_name from information_schema.tables where table_schema = ? "
        "and table_catalog = current_database() and table_type = 'BASE TABLE' order by 1",
        (schema,),
    )
    return [name for (name,) in rows if name not in _NOT_COPIED]


def _drop(warehouse: Warehouse, prefix: str) -> list[str]:
    rows = warehouse.query(
        "select schema_name from information_schema.schemata "
        "where catalog_name = current_database() and starts_with(schema_name, ?) order by 1",
        (prefix + "_",),
    )
    for (schema,) in rows:
        warehouse.execute(f"drop schema {quoted(schema)} cascade")
    return [schema for (schema,) in rows]
