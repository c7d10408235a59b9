"""CSV and Parquet files on a server of SFTP: `pip install 'dbt-cdp[sftp]'`.

The server's key is known beforehand, or nothing is sent. A file goes up under a name of its
own (`.<name>.partial`) and is renamed when it is complete.
"""

from __future__ import annotations

import base64
import binascii
import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import Field, field_validator, model_validator

from cdp.destinations._base import Fact, NoAnswer
from cdp.destinations._files import FileDestination, FileOptions
from cdp.destinations._secrets import SecretName, read_secret
from cdp.destinations._shelves import Drafts, disk
from cdp.errors import CdpError, ConfigError, FatalDestinationError, RetriableError

__all__ = ["DESTINATION", "Sftp", "SftpOptions"]


class SftpOptions(FileOptions):
    """host: the server. port: its port. user: who logs in. host_key: the server's public key,
    `ssh-ed25519 AAAA…`, as its operator tells it (`ssh-keyscan HOST` shows it). path: a .csv
    or .parquet file (snapshot) or a folder (changes), from the user's own folder on. It has
    to be there. password_env: the password. key_env: the private key, as text, without a
    passphrase. timeout_seconds: of silence."""

    host: str
    port: int = Field(default=22, ge=1, le=65535)
    user: str
    host_key: str
    password_env: SecretName = ""
    key_env: SecretName = ""
    timeout_seconds: float = Field(default=30, gt=0, le=300)

    @field_validator("host_key")
    @classmethod
    def _is_a_key(cls, text: str) -> str:
        try:
            _kind, encoded, *_comment = text.split()
            base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise ValueError("is the server's public key: ssh-ed25519 AAAA…") from None
        return text

    @model_validator(mode="after")
    def _one(self) -> SftpOptions:
        if bool(self.password_env) == bool(self.key_env):
            raise ValueError("one of password_env and key_env is needed, and one alone")
        return self


class Sftp(FileDestination):
    """Files on a server."""

    title = "SFTP"
    summary = "Rows become CSV or Parquet files on a server of SFTP."
    options = SftpOptions
    erases = (
        "Rewrites every file of the sync that is still there without the person's rows. What "
        "the other side took away is out of reach."
    )
    facts = (
        *FileDestination.facts,
        Fact(
            "posix-rename@openssh.com replaces a file at once; where a server lacks it, the old "
            "file is removed just before the rename",
            "OpenSSH, PROTOCOL, 3.3; draft-ietf-secsh-filexfer-02, 6.5",
        ),
    )
    verified = "the SFTP server of asyncssh, in the tests"
    example = MappingProxyType(
        {
            "cdp_destination": "sftp",
            "cdp_object": "changes",
            "cdp_mode": "mirror",
            "cdp_purpose": "service",
            "cdp_fields": {"email": "email", "last_order": "last_order_at"},
            "cdp_options": {
                "host": "sftp.example.com",
                "user": "larkspur",
                "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGV4YW1wbGU=",
                "key_env": "DBT_ENV_SECRET_SFTP_KEY",
                "path": "upload",
            },
        }
    )

    @classmethod
    def place(cls, target_object: str, options: SftpOptions) -> str:
        """The server, the user and the path."""
        return f"sftp:{options.user}@{options.host}:{options.port}/{options.path}"

    @classmethod
    def shelf(cls, options: SftpOptions, root: Path) -> _Server:
        """The server, logged in."""
        return _Server(options)


class _Server:
    """A shelf behind one connection."""

    def __init__(self, options: SftpOptions) -> None:
        self._folder = options.path.rpartition("/")[0] if "." in options.path else options.path
        self._host, self._drafts = options.host, Drafts()
        self._client = _logged_in(options)
        try:
            with self._told():
                self._files = self._client.open_sftp()
                self._files.get_channel().settimeout(options.timeout_seconds)
        except CdpError:
            self._client.close()
            raise

    def draft(self, name: str) -> Path:
        return self._drafts.path(f"{name}.partial")

    def put(self, draft: Path, name: str) -> None:
        folder, _, plain = name.rpartition("/")
        partial = f"{folder}/.{plain}.partial".lstrip("/")
        with self._told():
            self._files.put(str(draft), partial)  # compares the sizes, too
            self._rename(partial, name)
        draft.unlink()

    def save(self, content: bytes, name: str) -> None:
        draft = self.draft(name)
        with disk(name):
            draft.write_bytes(content)
        self.put(draft, name)

    def get(self, name: str) -> Path | None:
        path = self._drafts.path(name)
        try:
            with self._told(reading=True):
                self._files.get(name, str(path))
        except FileNotFoundError:
            return None
        return path

    def names(self, folder: str) -> list[str]:
        try:
            with self._told(reading=True):
                found = self._files.listdir_attr(folder or ".")
        except FileNotFoundError:
            return []
        files = [file.filename for file in found if stat.S_ISREG(file.st_mode or 0)]
        return sorted(f"{folder}/{name}".lstrip("/") for name in files)

    def remove(self, name: str) -> None:
        try:
            with self._told(reading=True):
                self._files.remove(name)
        except FileNotFoundError:
            return  # it is gone already

    def problems(self) -> Iterator[str]:
        try:
            with self._told(reading=True):
                self._files.stat(self._folder or ".")
        except FileNotFoundError:
            yield f"{self._host} has no folder '{self._folder}'. Make it, or mend cdp_options.path."

    def close(self) -> None:
        self._client.close()
        self._drafts.close()

    def _rename(self, partial: str, name: str) -> None:
        try:
            self._files.posix_rename(partial, name)
        except (FileNotFoundError, PermissionError):
            raise
        except OSError:  # the server does not know it, and its own rename replaces nothing
            self.remove(name)
            self._files.rename(partial, name)

    @contextmanager
    def _told(self, reading: bool = False) -> Iterator[None]:
        """What goes wrong, as what the runner should do; reading: FileNotFoundError stays."""
        import paramiko

        try:
            yield
        except (paramiko.SSHException, EOFError, ConnectionError, TimeoutError):
            raise NoAnswer(f"{self._host} went away") from None
        except OSError as error:
            if reading and isinstance(error, FileNotFoundError):
                raise
            transport = self._client.get_transport()
            if transport is None or not transport.is_active():
                raise NoAnswer(f"{self._host} went away") from None
            raise FatalDestinationError(
                f"{self._host} refused a file ({type(error).__name__}). Check the path and the "
                "user's rights."
            ) from None


def _logged_in(options: SftpOptions) -> Any:
    try:
        import paramiko
    except ImportError:
        raise ConfigError("SFTP needs paramiko. Run: pip install 'dbt-cdp[sftp]'.") from None
    kind, encoded, *_ = options.host_key.split()
    client = paramiko.SSHClient()  # which refuses a host that it has no key of
    try:
        known = paramiko.PKey.from_type_string(kind, base64.b64decode(encoded))
        at_port = f"[{options.host}]:{options.port}"
        entry = options.host if options.port == paramiko.config.SSH_PORT else at_port
        client.get_host_keys().add(entry, kind, known)
        client.connect(
            options.host,
            options.port,
            options.user,
            allow_agent=False,
            look_for_keys=False,
            timeout=options.timeout_seconds,
            banner_timeout=options.timeout_seconds,
            auth_timeout=options.timeout_seconds,
            **_credentials(options),
        )
    except BaseException as error:
        client.close()
        if fault := _log_in_fault(options, error):
            raise fault from None
        raise
    return client


def _log_in_fault(options: SftpOptions, error: BaseException) -> CdpError | None:
    import paramiko

    if isinstance(error, paramiko.BadHostKeyException):
        return FatalDestinationError(
            f"{options.host} shows another key than host_key. Ask its operator; nothing was sent."
        )
    if isinstance(error, paramiko.AuthenticationException):
        return FatalDestinationError(
            f"{options.host} does not let {options.user} in. Check the user and the secret."
        )
    if isinstance(error, paramiko.UnknownKeyType):
        return ConfigError("cdp_options.host_key is of a kind that is not known. Use ssh-ed25519.")
    if isinstance(error, OSError | EOFError | paramiko.SSHException):
        return RetriableError(f"{options.host} cannot be reached ({type(error).__name__})")
    return None


def _credentials(options: SftpOptions) -> dict[str, Any]:
    if options.password_env:
        return {"password": read_secret(options.password_env, "The password")}
    return {"pkey": _private_key(options.key_env)}


def _private_key(name: str) -> Any:
    import paramiko

    text = read_secret(name, "The private key") + "\n"
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text))
        except (paramiko.SSHException, ValueError, binascii.Error):
            continue  # of another kind
    raise ConfigError(f"{name} holds no private key without a passphrase. Copy it again.")


DESTINATION = Sftp
