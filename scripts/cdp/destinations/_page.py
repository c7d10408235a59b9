"""The documentation page of a destination, made from what its module declares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from pydantic_core import PydanticUndefined

from cdp.destinations._base import REASONS, Destination, Options

__all__ = ["meanings", "page"]

_MADE = "<!-- Made by `cdp destinations docs` from what the module declares. -->"
_MODES = ("upsert", "update", "create", "mirror", "audience", "append")


def page(name: str, kind: type[Destination]) -> str:
    """Markdown: what it takes, its limits, what it refuses, what erasing does, an example."""
    sections = [
        ("Options", _options(kind.options)),
        ("Objects", _objects(kind)),
        ("What it does", _abilities(kind)),
        ("Limits", _limits(kind)),
        ("What it refuses", _reasons(kind)),
        ("Erasure", [kind.erases]),
        ("Where this is from", _facts(kind)),
        ("Example", _example(name, kind.example)),
    ]
    parts = [f"# {kind.title}", _MADE, kind.summary, _verified(kind)]
    for title, lines in sections:
        if found := list(lines):
            parts.append(f"## {title}\n\n" + "\n".join(found))
    return "\n\n".join(parts) + "\n"


def meanings(options: type[Options]) -> dict[str, str]:
    """Option → what its docstring, or that of the class it extends, says of it."""
    found: dict[str, str] = {}
    names = "|".join(options.model_fields)
    for made in reversed(options.__mro__):
        text = " ".join((made.__doc__ or "").split()) if issubclass(made, Options) else ""
        parts = re.split(rf"(?:^|(?<=\. ))({names}): ", text)[1:]
        pairs = zip(parts[::2], parts[1::2], strict=True)
        found |= {name: meaning.strip() for name, meaning in pairs}
    return found


def _verified(kind: type[Destination]) -> str:
    if kind.verified:
        return f"Run against {kind.verified}."
    return "**Never run against the vendor**: written, and tested, by what the vendor documents."


def _options(options: type[Options]) -> Iterator[str]:
    said = meanings(options)
    yield from _head("option", "default", "meaning")
    for name, field in options.model_fields.items():
        default = field.default
        shown = "needed" if default is PydanticUndefined else _shown(default)
        secret = "names the environment variable with it: " if "secret" in field.metadata else ""
        yield f"| `{name}` | {shown} | {secret}{_cell(said.get(name, ''))} |"


def _objects(kind: type[Destination]) -> Iterator[str]:
    if kind.objects is None:
        return
    yield from _head("cdp_object", "what it is")
    for name, found in kind.objects.items():
        default = " (default)" if name == kind.default_object else ""
        yield f"| `{name}`{default} | {_cell(found.what)} |"
    for name, found in kind.objects.items():
        if found.fields:
            yield f"\nFields of `{name}`:\n"
            yield from _head("field", "kind", "longest", "")
            for field, of in found.fields.items():
                longest = f"{of.max_length:,}" if of.max_length is not None else ""
                yield f"| `{field}` | {of.kind} | {longest} | {_written(of.is_writable)} |"


def _written(is_writable: bool) -> str:
    return "" if is_writable else "read only"


def _abilities(kind: type[Destination]) -> Iterator[str]:
    yield f"- Modes: {', '.join(mode for mode in _MODES if mode in kind.modes)}."
    yield (
        "- The same row sent twice is there once."
        if kind.is_idempotent
        else "- **The same row sent twice is there twice**: what was sent without an answer is "
        "not sent again in that run; one batch may be doubled."
    )
    if kind.can_look_up:
        yield "- Looks records up by the fields of `cdp_match`: what is there is adopted."
    if kind.catalogue is not Destination.catalogue:
        yield "- Asks for the fields of the account: a wrong one is named before the first write."
    yield f"- A null {'leaves' if kind.skips_nulls else 'clears'} what is there by default."
    if kind.polls:
        yield "- Batches become jobs, which are asked for until they end."
    if not kind.is_account:
        yield "- No account: it is reached from every target."


def _limits(kind: type[Destination]) -> Iterator[str]:
    rows = [("rows a batch", kind.batch_rows), ("bytes a batch", kind.batch_bytes)]
    rows += [("bytes a row", kind.row_bytes)]
    if kind.can_look_up:
        rows += [("values a look-up", kind.look_up_rows)]
    yield from _head("limit", "")
    yield from (f"| {name} | {value:,} |" for name, value in rows if value is not None)
    for group, windows in kind.windows.items():
        said = ", ".join(f"{window.calls:,} in {window.seconds:g} s" for window in windows)
        yield f"| calls{f' of {group}' if group else ''} | {said} |"


def _reasons(kind: type[Destination]) -> Iterator[str]:
    if kind.reasons:
        yield from _head("its code", "reason in the ledger", "meaning")
    for code, reason in sorted(kind.reasons.items(), key=lambda pair: (pair[1], pair[0])):
        yield f"| `{code}` | `{reason}` | {REASONS[reason]} |"


def _facts(kind: type[Destination]) -> Iterator[str]:
    if kind.known_on:
        yield f"As known on {kind.known_on}, where no other date is given.\n"
    yield from (f"- {fact.statement} ({fact.source})" for fact in kind.facts)


def _example(name: str, meta: Mapping[str, Any]) -> Iterator[str]:
    exposure = {
        "name": f"lapsing_regulars_to_{name}",
        "label": f"Lapsing regulars to {name}",
        "type": "application",
        "owner": {"name": "Retention", "email": "retention@example.com"},
        "depends_on": ["ref('seg_lapsing_regulars')", "ref('cdp_profiles')"],
        "config": {"meta": _plain(meta)},
    }
    text = yaml.safe_dump({"version": 2, "exposures": [exposure]}, sort_keys=False, width=88)
    yield f"`models/syncs/lapsing_regulars_to_{name}.yml`:\n"
    yield f"```yaml\n{text}```"


def _head(*names: str) -> Sequence[str]:
    return ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]


def _shown(value: object) -> str:
    if value is None or value in ((), ""):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value
