"""A folder behind asyncssh's SFTP server, which is no code of ours."""

from __future__ import annotations

from typing import Any

import pytest

from destinations.servers._base import Case
from destinations.servers._files import FileBench
from support.sftp import serving_sftp

__all__ = ["BENCH"]


class Server(FileBench):
    destination = "sftp"
    environment = {"TEST_SFTP_PASSWORD": "test-only"}

    def start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().start(monkeypatch)
        (self.folder / "out").mkdir()
        self._serving = serving_sftp(self.folder)
        self.server = self._serving.__enter__()

    def stop(self) -> None:
        self._serving.__exit__(None, None, None)

    def options(self, case: Case) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.server.port,
            "user": "larkspur",
            "host_key": self.server.public_key,
            "password_env": "TEST_SFTP_PASSWORD",
            **case.options,
        }

    def files(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


BENCH = Server
