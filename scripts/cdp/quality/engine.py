"""The only module that knows Great Expectations; importing it takes seconds.

Analytics are off: nothing leaves the machine. Results hold counts, never sample values,
and of an exception its kind alone, since its text may quote a value.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cdp.errors import ConfigError, WarehouseError
from cdp.quality.gates import Check, Gate
from cdp.quality.suites import Expectation

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read once, at import

try:
    import great_expectations as gx
    from great_expectations.execution_engine import sqlalchemy_execution_engine
    from great_expectations.expectations.expectation_configuration import (
        ExpectationConfiguration,
    )
    from sqlalchemy.engine import URL
except ImportError:
    raise ConfigError(
        "cdp quality needs Great Expectations. Install it: pip install 'dbt-cdp[quality]'."
    ) from None

__all__ = ["evaluate"]

_RESULTS = {"result_format": "BASIC", "partial_unexpected_count": 0}
_ROW_COUNT = "expect_table_row_count_to_be_between"


class _Dialect(StrEnum):
    DUCKDB = "duckdb"


# Great Expectations 1.24 opens a connection a metric, except for dialects listed here.
_engine: Any = sqlalchemy_execution_engine
_engine._PERSISTED_CONNECTION_DIALECTS = (
    *_engine._PERSISTED_CONNECTION_DIALECTS,
    _Dialect.DUCKDB,
)


def evaluate(
    checks: Sequence[Check], project_dir: Path, profile: Mapping[str, Any], docs: Path
) -> list[Gate]:
    """A gate for each check, and Data Docs in the folder `docs`, made anew.

    Raises ConfigError for an expectation or an argument that GE does not know.
    """
    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    with _datasource(context, project_dir, profile) as source:
        suites = [_suite(context, check) for check in checks]
        gates = [
            _gate(context, source, check, suite)
            for check, suite in zip(checks, suites, strict=True)
        ]
    _write_docs(context, docs)
    return gates


@contextmanager
def _datasource(context: Any, project_dir: Path, profile: Mapping[str, Any]) -> Iterator[Any]:
    """The warehouse, read only, as a GE data source."""
    arguments: dict[str, Any]
    if profile["type"] == "duckdb":
        url = URL.create("duckdb", database=str(project_dir / str(profile["path"])))
        arguments = {"read_only": True, "config": dict(profile.get("settings") or {})}
    else:
        url = URL.create(
            "postgresql+psycopg2",
            username=profile["user"],
            host=profile["host"],
            port=int(profile["port"]),
            database=profile.get("dbname") or profile.get("database"),
        )
        options = "-c default_transaction_read_only=on -c timezone=UTC"
        password = profile.get("password") or profile.get("pass") or None
        arguments = {"password": password, "sslmode": profile.get("sslmode"), "options": options}
        arguments = {name: value for name, value in arguments.items() if value}
    try:
        source = context.data_sources.add_sql(
            name="warehouse",
            connection_string=url.render_as_string().replace("$", r"\$"),
            create_temp_table=False,
            kwargs={"connect_args": arguments},
        )
    except ConnectionError:
        raise WarehouseError(
            "Great Expectations cannot connect to the warehouse. Is another process using it?"
        ) from None
    try:
        yield source
    finally:
        source.get_execution_engine().close()
        source.get_engine().dispose()


def _suite(context: Any, check: Check) -> Any:
    suite = gx.ExpectationSuite(name=f"{check.suite}.{check.label}")
    for expectation in check.expectations:
        try:
            suite.add_expectation_configuration(
                ExpectationConfiguration(
                    type=expectation.kind,
                    kwargs=_arguments(expectation, check.columns),
                    description=expectation.description,
                )
            )
        except Exception as error:  # noqa: BLE001 - GE raises its own, pydantic's and others
            raise ConfigError(
                f"{check.suite}.yml: {check.label}: {expectation.kind} is not accepted: "
                f"{' '.join(str(error).split())}. Correct its name or arguments."
            ) from None
    return context.suites.add(suite)


def _arguments(expectation: Expectation, columns: Mapping[str, str]) -> dict[str, Any]:
    """The arguments; moments as the column's type compares them."""
    kind = columns.get(str(expectation.arguments.get("column")), "").lower()
    return {
        name: _moment(value, kind) if isinstance(value, datetime) else value
        for name, value in expectation.arguments.items()
    }


def _moment(moment: datetime, kind: str) -> datetime | date:
    if kind == "date":
        return moment.date()
    return moment.replace(tzinfo=UTC) if "with time zone" in kind else moment


def _gate(context: Any, source: Any, check: Check, suite: Any) -> Gate:
    if not check.columns:
        needed = [item.label for item in check.expectations if item.kind == _ROW_COUNT]
        return Gate(check.suite, check.label, len(needed), failed=tuple(needed))
    asset = source.add_table_asset(suite.name, table_name=check.table, schema_name=check.schema)
    definition = gx.ValidationDefinition(
        name=suite.name, data=asset.add_batch_definition_whole_table("all"), suite=suite
    )
    results = context.validation_definitions.add(definition).run(result_format=_RESULTS).results
    broken = [result for result in results if _raised(result)]
    failed = [result for result in results if not result.success and not _raised(result)]
    return Gate(
        check.suite,
        check.label,
        len(results),
        failed=tuple(sorted(_expectation(one).label for one in failed)),
        broken=tuple(
            sorted(f"{_expectation(one).label}: {_trouble(one, check.columns)}" for one in broken)
        ),
    )


def _expectation(result: Any) -> Expectation:
    config = result.expectation_config
    return Expectation(config.type, config.kwargs, config.description)


def _raised(result: Any) -> list[dict[str, Any]]:
    """The exceptions of a result; GE nests them by metric where there are several."""
    info = result.exception_info or {}
    nested = [info, *(value for value in info.values() if isinstance(value, dict))]
    return [entry for entry in nested if entry.get("raised_exception")]


def _trouble(result: Any, columns: Mapping[str, str]) -> str:
    """What kind of exception it was, without its text: that may quote a value."""
    column = result.expectation_config.kwargs.get("column")
    if column and column not in columns:
        return "there is no such column"
    message = str(_raised(result)[0].get("exception_message"))
    named = re.search(r"\b[A-Z]\w*(?:Exception|Error)\b", message)
    return named[0] if named else "an exception"


def _write_docs(context: Any, docs: Path) -> None:
    """GE's own pages, made anew; of an exception the pages say only that it happened."""
    store = context.validation_results_store
    for key in store.list_keys():
        report = store.get(key)
        for result in report.results:
            for entry in _raised(result):
                entry |= {"exception_message": "See cdp quality.", "exception_traceback": ""}
        store.add_or_update(key, report)
    for part in ("expectations", "validations", "static"):
        shutil.rmtree(docs / part, ignore_errors=True)
    backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs.resolve())}
    index = {"class_name": "DefaultSiteIndexBuilder"}
    context.add_data_docs_site(
        "local",
        {"class_name": "SiteBuilder", "store_backend": backend, "site_index_builder": index},
    )
    context.build_data_docs(site_names=["local"])
