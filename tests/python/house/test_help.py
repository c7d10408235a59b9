"""What `--help` says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from cdp.cli import cli


def commands(group: click.Group, path: str = "cdp") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands(cli))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_shows_an_example_with_options_that_it_has(path: str) -> None:
    command = COMMANDS[path]
    pattern = path.replace("cdp ", r"cdp (?:--target \w+ )?", 1)
    text = (command.help or "").replace("\\\n", " ")
    examples = re.findall(rf"^\s*{pattern}(?= |$)(.*)", text, flags=re.MULTILINE)
    assert examples
    for example in examples:
        arguments = shlex.split(example.split(" > ")[0].split(" | ")[0])
        context = click.Context(command, **command.context_settings)
        _, left, _ = command.make_parser(context).parse_args(arguments)
        assert not left
