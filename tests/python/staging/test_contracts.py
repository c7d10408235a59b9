"""The contracts, their page and the streams' documentation name the same columns."""

from __future__ import annotations

import re
from typing import Any

import jinja2
import pytest
import yaml

from conftest import ROOT


def contracts() -> dict[str, dict[str, str]]:
    """contract -> {column: type}, as the macro has them."""
    found: list[Any] = []
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=True)
    environment.globals["return"] = found.append
    macro = (ROOT / "macros/config/cdp_contracts.sql").read_text(encoding="utf-8")
    environment.from_string(macro + "{{ cdp_contracts() }}").render()
    return dict(found[0])


CONTRACTS = contracts()
PAGE = (ROOT / "docs/contracts.md").read_text(encoding="utf-8")
STREAMS = {
    model["name"]: [column["name"] for column in model["columns"]]
    for model in yaml.safe_load((ROOT / "models/inputs/_inputs.yml").read_text())["models"]
}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_page_has_every_column_with_its_type(contract: str) -> None:
    section = PAGE.split(f"\n## {contract}\n")[1].split("\n## ")[0]
    header, *rows = re.findall(r"^\| (\w+) \| (\w+) \| \S", section, re.MULTILINE)
    assert header == ("column", "type")
    assert dict(rows) == CONTRACTS[contract]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_stream_documents_every_column_once(contract: str) -> None:
    documented = STREAMS[f"inp_{contract}"]
    assert set(CONTRACTS[contract]) <= set(documented)
    assert len(documented) == len(set(documented))
