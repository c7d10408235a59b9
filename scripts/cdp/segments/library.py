"""All audiences of a project, and the models that they become.

    audiences/lapsing_regulars.yml  ->  models/segments/seg_lapsing_regulars.sql
    all of them                     ->  models/segments/_audiences.yml

Both are committed and reviewed; `cdp check` says when they no longer agree.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from cdp.errors import ConfigError
from cdp.project import Column, Node, Project
from cdp.segments.catalogue import Catalogue, read_catalogue
from cdp.segments.check import audience_problems, waterfall_problems
from cdp.segments.compile import Compiler
from cdp.segments.documents import Document, read_document
from cdp.segments.literals import comment, jinja_text, literal
from cdp.segments.spec import Audience

__all__ = [
    "FOLDER",
    "Library",
    "as_dbt_bucket",
    "as_dbt_ref",
    "compiled_files",
    "stale_files",
    "unlisted",
]

FOLDER = "audiences"
_MODELS = Path("models/segments")
_PROPERTIES = _MODELS / "_audiences.yml"
_MADE = "Made from"
_LONGEST = 63  # of a table's name on Postgres


@dataclass(frozen=True)
class Library:
    """The audiences, and what they may speak of."""

    root: Path
    catalogue: Catalogue
    documents: tuple[Document, ...]

    @classmethod
    def read(cls, project: Project, more: Iterable[Path] = ()) -> Library:
        """The project's own audiences, and files from elsewhere. Raises ConfigError with all
        mistakes at once: half a library is none."""
        own = _files(project.root / FOLDER)
        paths = {path.resolve(): path for path in [*own, *more]}
        documents = tuple(read_document(path, _shown(path, project.root)) for path in paths)
        catalogue = read_catalogue(project)
        segments = dict(catalogue.segments)
        for document in documents:
            for number, model in enumerate(document.models):
                segments[model] = _node(project, document, number, segments.get(model))
        library = cls(project.root, replace(catalogue, segments=segments), documents)
        if found := [*library.problems()]:
            raise ConfigError("\n     ".join(found))
        return library

    def problems(self) -> Iterator[str]:
        """One sentence per mistake: file, key, nearest known name."""
        for document in self.documents:
            for model in document.models:
                if len(model) > _LONGEST:
                    yield f"{document.path}: {model} has more than {_LONGEST} letters. Shorten it."
            if isinstance(document.content, Audience):
                found = audience_problems(document.content, self.catalogue)
            else:
                found = waterfall_problems(document.content, self.catalogue)
            yield from (f"{document.path}: {problem}" for problem in found)
        yield from _cycles(self.documents, self.catalogue)

    def document(self, path: Path) -> Document:
        """The document of a file that was read."""
        shown = _shown(path.resolve(), self.root)
        return next(document for document in self.documents if document.path == shown)


def _files(folder: Path) -> list[Path]:
    """The audiences of a project. Raises ConfigError for one that stands where none is read."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in (".yml", ".yaml"))
    for path in found:
        if path.parent != folder or path.suffix != ".yml":
            raise ConfigError(
                f"{_shown(path, folder.parent)} is not read. Move it to {FOLDER}/{path.stem}.yml."
            )
    return found


def compiled_files(library: Library) -> dict[Path, str]:
    """Path from the project's root -> content. Raises ConfigError where a model that a
    person wrote has the name of an audience."""
    files = {}
    for document in library.documents:
        for number, model in enumerate(document.models):
            path = _MODELS / f"{model}.sql"
            if (library.root / path).exists() and not _is_made(library.root / path):
                raise ConfigError(
                    f"{path} is written by hand, and {document.path} would replace it. Rename "
                    "the audience, or remove the model."
                )
            if path in files:
                raise ConfigError(
                    f"{document.path} and another audience become {path}. Rename one."
                )
            files[path] = _model_file(library, document, number)
    if files:
        files[_PROPERTIES] = _properties_file(library)
    return files


def stale_files(library: Library) -> list[str]:
    """One sentence per committed file that is not what its audience says."""
    found, files = [], compiled_files(library)
    for path, content in files.items():
        file = library.root / path
        if not file.exists():
            found.append(f"{path} is missing. Run `cdp segment compile`.")
        elif file.read_text(encoding="utf-8") != content:
            found.append(f"{path} is not what its audience says. Run `cdp segment compile`.")
    folder = library.root / _MODELS
    for path in sorted([*folder.glob("seg_*.sql"), *folder.glob(_PROPERTIES.name)]):
        shown = path.relative_to(library.root)
        if shown not in files and _is_made(path):
            found.append(f"{shown} is made from an audience that is gone. Remove it.")
    return found


def unlisted(library: Library, project: Project) -> list[str]:
    """The models of audiences that the control panel does not list yet: package.model."""
    listed = project.vars.get("cdp_segments") or ()
    made = [
        f"{project.name}.{model}" for document in library.documents for model in document.models
    ]
    return [entry for entry in made if entry not in listed]


def as_dbt_ref(node: Node) -> str:
    """How a model names another."""
    return f"{{{{ ref('{node.package}', '{node.name}') }}}}"


def as_dbt_bucket(expression: str, buckets: int) -> str:
    """A call of the macro that hashes alike on every warehouse."""
    return f'{{{{ cdp.cdp_hash_bucket(\n    "{expression}", {buckets}\n) }}}}'


def _model_file(library: Library, document: Document, number: int) -> str:
    compiler = Compiler(library.catalogue, as_dbt_ref, as_dbt_bucket)
    content = document.content
    if isinstance(content, Audience):
        sql = compiler.audience(content)
    else:
        sql = compiler.step(content, number)
    meta = _meta(document, number)
    lines = [f"    '{key}': {_jinja(value)}," for key, value in meta.items()]
    made = comment(f"{_MADE} {document.path.as_posix()} by `cdp segment compile`: change that.")
    return "\n".join([made, "", "{{ config(meta={", *lines, "}) }}", "", sql, ""])


def _is_made(path: Path) -> bool:
    return path.read_text(encoding="utf-8").lstrip("-# ").startswith(_MADE)


def _meta(document: Document, number: int) -> dict[str, object]:
    """The meta of the model that a document becomes, or of one step of it."""
    content, label, holdout = document.content, document.content.label, None
    if isinstance(content, Audience):
        holdout = content.holdout_pct
    else:
        label = f"{label}: {document.models[number].rpartition('__')[2]}"
    meta = {
        "cdp_label": label,
        "cdp_owner": content.owner,
        "cdp_why": content.why,
        "cdp_holdout_pct": holdout,
        "cdp_turnover_pct": content.turnover_pct,
        "cdp_segment_exclusions": content.segment_exclusions,
        "cdp_audience": document.path.as_posix(),
    }
    return {key: value for key, value in meta.items() if value is not None}


def _jinja(value: object) -> str:
    return jinja_text(value) if isinstance(value, str) else literal(value)


def _properties_file(library: Library) -> str:
    models = [
        _properties(library, document, number, model)
        for document in library.documents
        for number, model in enumerate(document.models)
    ]
    head = f"# {_MADE} audiences/ by `cdp segment compile`: change those files.\n\n"
    content = {"version": 2, "models": models}
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def _properties(library: Library, document: Document, number: int, model: str) -> dict[str, object]:
    content = document.content
    key = {
        "name": "profile_id",
        "data_type": "text",
        "description": "The person.",
        "data_tests": [
            "unique",
            "not_null",
            {"relationships": {"arguments": {"to": _to_profiles(library), "field": "profile_id"}}},
        ],
    }
    if isinstance(content, Audience):
        known = library.catalogue.profiles.columns
        extra = [_column(known[name]) for name in content.columns]
    else:
        step = library.catalogue.segments[content.waterfall[number]]
        extra = [_column(column) for name, column in step.columns.items() if name != "profile_id"]
    description = _unrendered(f"One row per profile_id. {content.why}")
    return {"name": model, "description": description, "columns": [key, *extra]}


def _to_profiles(library: Library) -> str:
    node = library.catalogue.profiles
    return f"ref('{node.package}', '{node.name}')"


def _column(column: Column) -> dict[str, object]:
    found: dict[str, object] = {"name": column.name}
    if column.type:
        found["data_type"] = column.type
    found["description"] = column.description or "As in cdp_profiles."
    flags = {"cdp_share": column.is_shared, "cdp_pii": column.is_pii}
    if any(flags.values()):
        found["config"] = {"meta": {name: True for name, value in flags.items() if value}}
    return found


def _unrendered(text: str) -> str:
    """dbt renders descriptions: a text that opens a Jinja block is written as its value."""
    return f"{{{{ {json.dumps(text, ensure_ascii=False)} }}}}" if "{" in text else text


def _node(project: Project, document: Document, number: int, known: Node | None) -> Node:
    """The segment as the audience has it, compiled or not."""
    model, meta = document.models[number], _meta(document, number)
    columns = dict(known.columns) if known else {}
    if isinstance(document.content, Audience):
        profiles = project.node("cdp.cdp_profiles")
        wanted = ["profile_id", *document.content.columns]
        offered: Mapping[str, Column] = profiles.columns if profiles else {}
        columns = {name: offered[name] for name in wanted if name in offered}
    if known:
        return replace(known, columns=columns, meta=meta)
    near = next((n for n in project.nodes.values() if n.name.startswith("seg_")), None)
    return Node(
        unique_id=f"model.{project.name}.{model}",
        name=model,
        package=project.name,
        kind="model",
        schema=near.schema if near else "cdp_segments",
        table=model,
        path=str(_MODELS / f"{model}.sql"),
        columns=columns,
        meta=meta,
    )


def _cycles(documents: Iterable[Document], catalogue: Catalogue) -> Iterator[str]:
    """Audiences that need one another: named by the way round."""
    by_id = {node.unique_id: name for name, node in catalogue.segments.items()}
    needs = {
        name: {by_id[parent] for parent in node.parents if parent in by_id}
        for name, node in catalogue.segments.items()
    }
    for document in documents:
        for number, model in enumerate(document.models):
            needs[model] = _needs(document, number)
    told: set[str] = set()
    for document in documents:
        for model in document.models:
            way = _way_round(model, needs)
            if way and not told & set(way):
                told |= set(way)
                yield f"{document.path}: goes in a circle, {' -> '.join(way)}. Take one out."


def _needs(document: Document, number: int) -> set[str]:
    if isinstance(document.content, Audience):
        return document.mentions
    return {*document.content.exclude, *document.content.waterfall[: number + 1]}


def _way_round(start: str, needs: Mapping[str, set[str]]) -> list[str]:
    """The way from a segment back to itself; empty when there is none."""
    ways, seen = [[start]], {start}
    while ways:
        way = ways.pop()
        for name in sorted(needs.get(way[-1], ())):
            if name == start:
                return [*way, start]
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []


def _shown(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
