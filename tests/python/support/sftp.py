"""An SFTP server for tests: asyncssh's, on a free port of this machine, in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

__all__ = ["SftpServer", "serving_sftp"]


@dataclass
class SftpServer:
    """Lets `larkspur` in by password or by key; its folder is `root`."""

    root: Path
    port: int = 0
    password: str = "test-only"
    host_key: Any = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    user_key: Any = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    knows_posix_rename: bool = True
    renames: list[str] = field(default_factory=list)
    connections: list[Any] = field(default_factory=list)

    @property
    def public_key(self) -> str:
        """What host_key is to say."""
        return str(self.host_key.export_public_key().decode().strip())

    @property
    def private_key(self) -> str:
        """The user's, as text."""
        return str(self.user_key.export_private_key().decode())


class _Gate(asyncssh.SSHServer):
    def __init__(self, server: SftpServer) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._server.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("larkspur", self._server.password)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = self._server.user_key.convert_to_public()
        return username == "larkspur" and bool(key == known)


@contextmanager
def serving_sftp(root: Path) -> Iterator[SftpServer]:
    """A server for as long as the block runs."""
    server = SftpServer(root)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    class Files(asyncssh.SFTPServer):
        def __init__(self, channel: Any) -> None:
            super().__init__(channel, chroot=str(server.root).encode())

        def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:
            if not server.knows_posix_rename:
                raise asyncssh.SFTPOpUnsupported("not here")
            server.renames.append(newpath.decode())
            return super().posix_rename(oldpath, newpath)

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Gate(server),
            server_host_keys=[server.host_key],
            sftp_factory=Files,
        )

    acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    server.port = acceptor.get_port()
    try:
        yield server
    finally:

        async def end() -> None:
            acceptor.close()
            await acceptor.wait_closed()
            for connection in server.connections:
                connection.abort()
                await connection.wait_closed()

        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
