"""What holds for every file of the house, read as text: no warehouse, no dbt."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from cdp.declared import read_packages, read_panel
from support.project import ROOT

MODELS = sorted((ROOT / "models").rglob("*.sql"))
MACROS = sorted((ROOT / "macros").rglob("*.sql"))
SCRIPTS = sorted((ROOT / "scripts").rglob("*.py"))
PANEL = read_panel(read_packages(ROOT))

# Columns that identify somebody, in whatever model they stand.
PERSONAL = {
    *PANEL["cdp_identifier_types"],
    *("first_name", "last_name", "birth_date", "address_line1", "address_line2", "postal_code"),
    *("match_first_name", "match_last_name", "match_address_line1", "match_postal_code"),
    *("match_email_local", "identifier_value", "match_key"),
}


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code(path: Path) -> str:
    """The SQL without its comments."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"--.*", "", text)


def found(pattern: str, paths: Sequence[Path]) -> dict[str, list[str]]:
    """File -> what of its code matches."""
    matches = {shown(path): re.findall(pattern, code(path)) for path in paths}
    return {name: words for name, words in matches.items() if words}


def documented() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((ROOT / "models").rglob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models") or []:
            yield model["name"], model


YAML = dict(documented())


def is_pii(column: dict[str, Any]) -> bool:
    return ((column.get("config") or {}).get("meta") or {}).get("cdp_pii") is True


def test_there_is_one_clock() -> None:
    other = r"\b(?:current_timestamp|current_date|localtimestamp)\b|\b(?:now|random)\s*\("
    # State: when a node of the build ended.
    allowed = {"macros/config/cdp_record_run.sql": ["now("]}
    assert found(other, [*MODELS, *MACROS]) == allowed


def test_dialects_stand_in_one_folder() -> None:
    others = [path for path in (*MODELS, *MACROS) if path.parent.name != "adapters"]
    assert found(r"adapter\.dispatch|target\.type|adapter\.type\(", others) == {}


def test_an_order_by_a_date_that_may_be_missing_says_where_null_goes() -> None:
    assert found(r"\b(?:updated|created)_at\s+desc(?!\s+nulls)", MODELS) == {}


def test_nothing_after_staging_names_a_source() -> None:
    staging = ROOT / "models/staging"
    after = [path for path in MODELS if not path.is_relative_to(staging)]
    names = set(PANEL["cdp_sources"]) - {
        "web",
        "app",
        "consent",
        "survey",
    }  # and words of contracts
    assert found(rf"'(?:{'|'.join(sorted(names))})'|\bstg_", after) == {}


def test_models_are_documented_to_their_columns() -> None:
    for path in MODELS:
        model = YAML[path.stem]
        assert model["description"].startswith("One row per "), path.stem
        assert model.get("columns"), path.stem
        assert all(column.get("description") for column in model["columns"]), path.stem
        if not path.stem.startswith("seg_"):
            assert path.read_text(encoding="utf-8").startswith("-- One row per "), path.stem


def test_columns_that_identify_somebody_say_so() -> None:
    silent = [
        f"{name}.{column['name']}"
        for name, model in YAML.items()
        for column in model["columns"]
        if name != "idg_name_variants"  # a dictionary: these names are nobody's
        and column["name"] in PERSONAL
        and not is_pii(column)
    ]
    assert silent == []


def test_macros_stand_in_the_file_of_their_name() -> None:
    kinds = "macro|test|materialization"
    astray = [
        shown(path)
        for path in MACROS
        if not re.search(rf"\{{%-? *(?:{kinds}) +{path.stem}\b", path.read_text(encoding="utf-8"))
    ]
    assert astray == []


def test_modules_say_what_they_export() -> None:
    for path in (path for path in SCRIPTS if path.stem != "__main__"):
        public, exported = _names(ast.parse(path.read_text(encoding="utf-8")))
        assert exported <= public, shown(path)
        assert exported or not public, f"{shown(path)} has no __all__"


def _names(module: ast.Module) -> tuple[set[str], set[str]]:
    """What a module has by a public name, and what it exports."""
    names: set[str] = set()
    exported: set[str] = set()
    for node in module.body:
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.ImportFrom(module=source) if source != "__future__":
                names |= {alias.asname or alias.name for alias in node.names}
            case ast.Assign(targets=[ast.Name("__all__")], value=ast.List(elts=elements)):
                exported = {ast.literal_eval(element) for element in elements}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.Assign(targets=targets):
                nodes = (inner for target in targets for inner in ast.walk(target))
                names |= {inner.id for inner in nodes if isinstance(inner, ast.Name)}
    return {name for name in names if not name.startswith("_") or name == "__version__"}, exported


def test_files_stay_short() -> None:
    lines = {
        shown(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in (*MODELS, *SCRIPTS)
    }
    most = {".sql": 200, ".py": 450}
    assert {name: n for name, n in lines.items() if n > most[Path(name).suffix]} == {}


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    home = r"/(work|home/[a-z]+|Users/[A-Za-z]+|root|tmp)/[a-z]"
    command = ["git", "grep", "-IlE", home, "--", ".", ":!tests/python"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert listed.stdout == ""
