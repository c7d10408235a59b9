"""Reading audiences/<name>.yml: the file as it stands, each mistake in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from cdp.errors import ConfigError
from cdp.segments.check import nearest
from cdp.segments.spec import CONDITIONS, Audience, OtherColumn, Waterfall

__all__ = ["Document", "json_schema", "read_document"]

_MOST_BYTES = 1_000_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_SCALARS = {"bool", "int", "float", "str", "date", "datetime"}
_UNSAID = {"a value", "another column"}  # how the union of an operand tells its sides apart
_PARTS: list[type[BaseModel]] = [*CONDITIONS.values(), Audience, Waterfall, OtherColumn]
_SEGMENT_KEYS = ("in_segment", "not_in_segment")


@dataclass(frozen=True)
class Document:
    """One file: path as it is shown, name: the file's own."""

    path: Path
    name: str
    content: Audience | Waterfall

    @property
    def models(self) -> list[str]:
        """The models that it becomes."""
        if isinstance(self.content, Audience):
            return [f"seg_{self.name}"]
        steps = (step.removeprefix("seg_") for step in self.content.waterfall)
        return [f"seg_{self.name}__{step}" for step in steps]

    @property
    def mentions(self) -> set[str]:
        """The segments that it speaks of."""
        named = set(self.content.exclude)
        if isinstance(self.content, Waterfall):
            return named | set(self.content.waterfall)
        return named | set(_segments(self.content.where.model_dump()))


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, and aliases: small files must not become large."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem="aliases are not allowed", problem_mark=event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [key.value for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                mark = node.value[place][0].start_mark
                raise yaml.MarkedYAMLError(problem=f"'{key}' stands twice", problem_mark=mark)
        return super().construct_mapping(node, deep)


def read_document(path: Path, shown: Path) -> Document:
    """One audience or waterfall. shown: the path in messages. Raises ConfigError."""
    if not _NAME.fullmatch(path.stem):
        raise ConfigError(
            f"{shown}: the file's name becomes the segment's. Use lower-case letters, digits "
            "and _, a letter first, at most 50."
        )
    given = _read_yaml(path, shown)
    if not isinstance(given, Mapping):
        what = "is empty" if given is None else f"holds a {type(given).__name__}, not keys"
        raise ConfigError(f"{shown} {what}. Begin with `version: 1`: docs/audiences.md.")
    if given.get("version") not in (None, 1):
        raise ConfigError(
            f"{shown}: version is {given['version']!r}, and this cdp reads 1. Write "
            "`version: 1`, or install a later cdp."
        )
    kind = Waterfall if "waterfall" in given else Audience
    try:
        return Document(shown, path.stem, kind.model_validate(given))
    except ValidationError as error:
        found = dict.fromkeys(f"{shown}: {text}" for text in _sentences(error.errors()))
        raise ConfigError("\n     ".join(found)) from None


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a file, for editors and other tools."""
    schema = TypeAdapter(Audience | Waterfall).json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Audience of the customer data platform cdp, version 1",
        **schema,
    }


def _read_yaml(path: Path, shown: Path) -> Any:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError(f"{shown} is larger than a megabyte. That is no audience.")
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - it is safe
    except OSError:
        raise ConfigError(f"{shown} cannot be read. Name a file that is there.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{shown} is not UTF-8. Save it as UTF-8.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or "it is not valid YAML"
        raise ConfigError(f"{shown}{where}: {why}. Mend it.") from None


def _sentences(errors: list[ErrorDetails]) -> Iterator[str]:
    for error in errors:
        place, path = error["loc"], _path(error["loc"])
        if error["type"] == "extra_forbidden":
            yield f"{_path(place[:-1]) or 'the file'} takes no '{place[-1]}'.{_near_key(place)}"
        elif error["type"] == "missing":
            yield f"{path} is missing. Add it."
        elif place and place[-1] in _SCALARS:
            yield f"{path} is of another type than it takes. See docs/audiences.md."
        elif error["type"] == "model_type":
            yield f"{path} takes keys, as in {{at_least: 3}}. See docs/audiences.md."
        elif error["msg"].startswith("Input should"):
            yield f"{path} {error['msg'].removeprefix('Input ')}."
        else:
            yield f"{path or 'the file'}: {error['msg'].removeprefix('Value error, ')}."


def _path(place: tuple[int | str, ...]) -> str:
    """`where.all[0].count`, without the names that the union of conditions adds."""
    text = ""
    for at, part in enumerate(place):
        before = place[at - 1] if at else None
        is_tag = part in CONDITIONS and (
            before == "where"
            or (isinstance(before, int) and place[at - 2] in ("all", "any", "none"))
        )
        if isinstance(part, int):
            text += f"[{part}]"
        elif not is_tag and part not in _UNSAID and not (at == len(place) - 1 and part in _SCALARS):
            text += f".{part}" if text else str(part)
    return text


def _near_key(place: tuple[int | str, ...]) -> str:
    """A key near to the one that is not known: of the condition, else of the whole format."""
    condition = CONDITIONS.get(str(place[-2])) if len(place) > 1 else None
    models = [condition] if condition else _PARTS
    known = {field.alias or name for model in models for name, field in model.model_fields.items()}
    return nearest(str(place[-1]), known)


def _segments(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (part[key] for key in _SEGMENT_KEYS if key in part)
        for value in part.values():
            yield from _segments(value)
    elif isinstance(part, list):
        for value in part:
            yield from _segments(value)
