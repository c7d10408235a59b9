"""SFTP: a server that is known, and files that are complete."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from cdp.destinations._base import Batch, Delivery, NoAnswer, Row
from cdp.destinations.sftp import Sftp, SftpOptions
from cdp.errors import ConfigError, FatalDestinationError, RetriableError
from support.sftp import SftpServer, serving_sftp

ANN, BOB = Row("p1", {"name": "Ann"}), Row("p2", {"name": "Bob"})


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SftpServer]:
    with serving_sftp(tmp_path) as found:
        monkeypatch.setenv("TEST_PASSWORD", found.password)
        monkeypatch.setenv("TEST_KEY", found.private_key)
        yield found


def open_at(server: SftpServer, path: str = "a.csv", **options: Any) -> Sftp:
    there: dict[str, Any] = {
        "host": "127.0.0.1", "port": server.port, "user": "larkspur", "path": path,
        "host_key": server.public_key, "password_env": "TEST_PASSWORD",
    }  # fmt: skip
    fields = {"name": "text"}
    delivery = Delivery("s", "s#1", "snapshot", "mirror", "service", "id", fields, Path())
    given = {name: value for name, value in (there | options).items() if value is not None}
    return Sftp(delivery, SftpOptions(**given))


def write(there: Sftp, *rows: Row) -> None:
    try:
        there.upsert(Batch("k", rows))
        there.finish()
    finally:
        there.close()


def names(server: SftpServer) -> list[str]:
    with (server.root / "a.csv").open(encoding="utf-8", newline="") as file:
        return [row["name"] for row in csv.DictReader(file)]


def test_by_key_instead_of_password(server: SftpServer) -> None:
    write(open_at(server, password_env=None, key_env="TEST_KEY"), ANN)
    assert names(server) == ["Ann"]


def test_another_host_key_is_refused_before_the_password_is_told(server: SftpServer) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with pytest.raises(FatalDestinationError, match="another key than host_key"):
        open_at(server, host_key=other)


def test_the_final_name_comes_by_rename_and_the_manifest_last(server: SftpServer) -> None:
    write(open_at(server), ANN)
    write(open_at(server), BOB)
    assert server.renames == ["a.csv", "a.csv.manifest.json"] * 2
    assert sorted(path.name for path in server.root.iterdir()) == [
        "a.csv", "a.csv.manifest.json"
    ]  # fmt: skip
    assert names(server) == ["Bob"]


def test_a_server_without_posix_rename(server: SftpServer) -> None:
    server.knows_posix_rename = False
    write(open_at(server), ANN)
    write(open_at(server), BOB)
    assert names(server) == ["Bob"]


def test_a_wrong_password_is_not_repeated(
    server: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_PASSWORD", "canary-0000")
    with pytest.raises(FatalDestinationError, match="does not let larkspur in") as raised:
        open_at(server)
    assert "canary" not in str(raised.value)


def test_a_key_that_is_none(server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "canary-0000")
    with pytest.raises(ConfigError, match="TEST_KEY holds no private key") as raised:
        open_at(server, password_env=None, key_env="TEST_KEY")
    assert "canary" not in str(raised.value)


def test_a_folder_that_is_not_there_is_named_before_a_write(server: SftpServer) -> None:
    there = open_at(server, "nowhere/a.csv")
    (problem,) = there.check()
    assert "no folder 'nowhere'" in problem
    with pytest.raises(FatalDestinationError, match="refused a file"):
        write(there, ANN)


def test_nobody_listens(server: SftpServer) -> None:
    with pytest.raises(RetriableError, match="cannot be reached"):
        open_at(server, port=1)


def test_a_connection_that_is_lost(server: SftpServer) -> None:
    there = open_at(server)
    there._shelf._client.close()  # type: ignore[attr-defined]
    with pytest.raises(NoAnswer, match="went away"):
        write(there, ANN)


@pytest.mark.parametrize(
    "options", [{"host_key": "trust me"}, {"password_env": None}, {"key_env": "TEST_KEY"}]
)
def test_options_that_cannot_be_meant(server: SftpServer, options: dict[str, str | None]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        open_at(server, **options)
