"""A Tryton server for tests: a program of its own (GPL-3), talked to by JSON-RPC, never imported.

`make tryton` installs it into `.tryton` at the root of the repository. A database with the
modules, one company and the given parties takes about a minute to make; it is kept there
under a name made of the versions and the parties, and copied for each launch.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from filelock import FileLock

from support.project import ROOT

__all__ = ["NAME", "PASSWORD", "USER", "Tryton", "is_installed", "serving"]

ENVIRONMENT = ROOT / ".tryton"
NAME, USER, PASSWORD = "larkspur", "admin", "test-only"
_MODULES = (
    "party", "sale_opportunity", "marketing", "marketing_email", "party_relationship", "web_user",
)  # fmt: skip
_A_CALL = 500  # parties


class Tryton:
    """A client of the running server, and its database."""

    def __init__(self, url: str, database: Path) -> None:
        self.url, self.database = url, database
        self._http = httpx.Client(timeout=120)
        user_id, token, _ = self._post("common.db.login", USER, {"password": PASSWORD}, "en")
        held = base64.b64encode(f"{USER}:{user_id}:{token}".encode()).decode()
        self._http.headers["authorization"] = f"Session {held}"

    def call(self, method: str, *parameters: object) -> Any:
        """The result of a model's method; the context is added."""
        return self._post(f"model.{method}", *parameters, {"company": 1})

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of its own database, read past the server."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def _post(self, method: str, *parameters: object) -> Any:
        body = {"id": 0, "method": method, "params": parameters}
        found = self._http.post(f"{self.url}/{NAME}/rpc/", json=body).raise_for_status().json()
        if "error" in found:
            raise AssertionError(found["error"])
        return found["result"]


def is_installed() -> bool:
    """Whether `make tryton` was run."""
    return (ENVIRONMENT / ".ready").exists()


@contextmanager
def serving(folder: Path, parties: Sequence[Mapping[str, Any]]) -> Iterator[Tryton]:
    """A server in `folder` whose database holds these parties, as party.party takes them."""
    _prepare(parties, folder / f"{NAME}.sqlite")
    with _running(folder) as server:
        yield server


def _prepare(parties: Sequence[Mapping[str, Any]], database: Path) -> None:
    """A copy of the database that is made once for these versions and parties."""
    versions = (ROOT / "requirements" / "tryton.txt").read_bytes()
    blank = _kept("blank", versions + Path(__file__).read_bytes())
    filled = _kept("filled", blank.name.encode() + json.dumps(parties).encode())
    with FileLock(ENVIRONMENT / "databases.lock"):
        if not blank.exists():
            with _made(blank) as folder:
                _install(folder)
        if not filled.exists():
            with _made(filled) as folder:
                shutil.copy(blank, folder / f"{NAME}.sqlite")
                with _running(folder) as server:
                    _fill(server, parties)
        shutil.copy(filled, database)


def _kept(kind: str, content: bytes) -> Path:
    return ENVIRONMENT / f"{kind}_{hashlib.sha256(content).hexdigest()[:16]}.sqlite"


@contextmanager
def _made(path: Path) -> Iterator[Path]:
    """A folder whose database becomes `path`, in the place of older ones of its kind."""
    folder = path.with_suffix(".making")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    yield folder
    with closing(sqlite3.connect(folder / f"{NAME}.sqlite")) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")  # all is in the one file
    for old in path.parent.glob(f"{path.name.split('_')[0]}_*.sqlite"):
        old.unlink()
    (folder / f"{NAME}.sqlite").rename(path)
    shutil.rmtree(folder)


def _install(folder: Path) -> None:
    (folder / f"{NAME}.sqlite").touch()
    (folder / "password").write_text(PASSWORD)
    admin = [_program("trytond-admin"), "-c", _configured(folder, 0), "-d", NAME]
    settings = os.environ | {"TRYTONPASSFILE": str(folder / "password")}
    for step in (
        ["--all", "--email", "admin@example.com"],
        ["-u", *_MODULES, "--activate-dependencies"],
    ):
        done = subprocess.run([*admin, *step], env=settings, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]


def _fill(server: Tryton, parties: Sequence[Mapping[str, Any]]) -> None:
    """A company, without which there is no opportunity, and the parties."""
    dollar = {"name": "US Dollar", "code": "USD", "symbol": "$"}
    (currency,) = server.call("currency.currency.create", [dollar])
    (party,) = server.call("party.party.create", [{"name": "Larkspur", "code": "1"}])
    server.call("company.company.create", [{"party": party, "currency": currency}])
    server.call("res.user.write", [1], {"companies": [["add", [1]]], "company": 1})
    for start in range(0, len(parties), _A_CALL):
        server.call("party.party.create", parties[start : start + _A_CALL])


@contextmanager
def _running(folder: Path) -> Iterator[Tryton]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [_program("trytond"), "-c", _configured(folder, port), "-d", NAME]
    with (
        (folder / "server.log").open("wb") as log,
        subprocess.Popen(program, stdout=log, stderr=log) as process,
    ):
        try:
            server = _answering(f"http://127.0.0.1:{port}", folder / f"{NAME}.sqlite")
            yield server
            server.close()
        finally:
            process.terminate()


def _answering(url: str, database: Path) -> Tryton:
    until = time.monotonic() + 60
    while True:
        try:
            return Tryton(url, database)
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _configured(folder: Path, port: int) -> str:
    path = folder / "trytond.conf"
    path.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n"
    )
    return str(path)


def _program(name: str) -> str:
    return str(ENVIRONMENT / "bin" / name)
