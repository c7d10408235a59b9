"""The holdout is dealt twice, by a macro and by the gate: the same people on both."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import Environment

from cdp.activation.hashing import hash_bucket_sql
from cdp.warehouse import Warehouse
from support.project import ROOT

PEOPLE = 4000


def cdp_split(dialect: str, segment: str, profile_id: str, holdout_pct: int) -> str:
    """The macro's SQL, as dbt renders it on that warehouse."""
    environment = Environment(extensions=["jinja2.ext.do"])

    def dispatch(name: str, package: str) -> Any:
        return getattr(bucket, f"{dialect}__{name}", None) or getattr(bucket, f"default__{name}")

    environment.globals |= {
        "adapter": SimpleNamespace(dispatch=dispatch),
        "return": lambda value: value,
        "cdp_hash_bucket": lambda *given: bucket.cdp_hash_bucket(*given),
    }
    bucket: Any = environment.from_string(
        (ROOT / "macros/adapters/cdp_hash_bucket.sql").read_text()
    ).module
    split: Any = environment.from_string(
        (ROOT / "macros/segments/cdp_split.sql").read_text()
    ).module
    return str(split.cdp_split(segment, profile_id, holdout_pct))


@pytest.mark.parametrize("holdout_pct", [1, 10, 50])
def test_the_gate_withholds_the_control_group(warehouse: Warehouse, holdout_pct: int) -> None:
    bucket = hash_bucket_sql(warehouse.dialect, "'seg_regulars|' || profile_id")
    split = cdp_split(warehouse.dialect, "'seg_regulars'", "profile_id", holdout_pct)
    [[control, both, treatment]] = warehouse.query(
        f"""
        with people as (
            select 'p' || lpad(cast(n as text), 10, '0') as profile_id
            from generate_series(1, {PEOPLE}) as series(n)
        ),

        dealt as (
            select
                {split} as split,
                case when {bucket} < {holdout_pct * 100} then 'holdout' end as reason
            from people
        )

        select
            count(case when split = 'control' then 1 end),
            count(case when split = 'control' and reason = 'holdout' then 1 end),
            count(case when split = 'treatment' and reason is null then 1 end)
        from dealt
        """
    )
    assert control == both
    assert both + treatment == PEOPLE
    assert abs(control / PEOPLE - holdout_pct / 100) < 0.02
