"""Where files lie: a folder on disk, a bucket of S3 or GCS.

Names are paths with `/`. A file is made as a draft on this machine, then appears under its
name whole or not at all, in place of the one that was there.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cdp.destinations._base import NoAnswer
from cdp.errors import FatalDestinationError

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

__all__ = ["Bucket", "Drafts", "Folder", "Shelf", "disk"]

_CODE = re.compile(r"AWS Error (\w+)|Status\((\w+)")
_CHUNK = 1 << 20  # bytes
_PASSING = {
    "DEADLINE_EXCEEDED", "INTERNAL_FAILURE", "NETWORK_CONNECTION", "REQUEST_TIMEOUT",
    "RESOURCE_EXHAUSTED", "SERVICE_UNAVAILABLE", "SLOW_DOWN", "THROTTLING", "UNAVAILABLE",
}  # fmt: skip


class Shelf(Protocol):
    """A place for files. Raises FatalDestinationError, or NoAnswer where it may pass."""

    def draft(self, name: str) -> Path:
        """Where, on this machine, the file of that name is made."""

    def put(self, draft: Path, name: str) -> None:
        """Let the draft, which is complete and then gone, appear under its name."""

    def save(self, content: bytes, name: str) -> None:
        """As put, of something small in JSON."""

    def get(self, name: str) -> Path | None:
        """The file on this machine, to be read; None: it is not there."""

    def names(self, folder: str) -> list[str]:
        """The files of a folder, sorted, what a broken upload left among them; none where
        there is no such folder."""

    def remove(self, name: str) -> None:
        """Take the file away; one that is not there counts as gone."""

    def problems(self) -> Iterator[str]:
        """What is wrong there and can be known by reading."""

    def close(self) -> None:
        """Let go of connections and of what lies on this machine for now."""


@contextmanager
def disk(name: str) -> Iterator[None]:
    """This machine's disk: what it refuses, as one sentence."""
    try:
        yield
    except OSError as error:
        raise FatalDestinationError(
            f"{Path(name).name} cannot be written ({error.strerror}). Nothing was."
        ) from None


class Folder:
    """A folder on this machine; drafts lie beside their files, and are renamed."""

    def __init__(self, base: Path) -> None:
        self._base = base

    def draft(self, name: str) -> Path:
        path = self._base / name
        with disk(name):
            path.parent.mkdir(parents=True, exist_ok=True)
        return path.with_name(f".{path.name}.partial")

    def put(self, draft: Path, name: str) -> None:
        with disk(name):
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.replace(self._base / name)

    def save(self, content: bytes, name: str) -> None:
        draft = self.draft(name)
        with disk(name):
            draft.write_bytes(content)
        self.put(draft, name)

    def get(self, name: str) -> Path | None:
        path = self._base / name
        return path if path.exists() else None

    def names(self, folder: str) -> list[str]:
        found = (path for path in (self._base / folder).glob("*") if path.is_file())
        return sorted(path.relative_to(self._base).as_posix() for path in found)

    def remove(self, name: str) -> None:
        with disk(name):
            (self._base / name).unlink(missing_ok=True)

    def problems(self) -> Iterator[str]:
        yield from ()

    def close(self) -> None:
        return None


class Drafts:
    """A folder of this process alone, for drafts and copies of what lies elsewhere."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    def path(self, name: str) -> Path:
        """Where a draft of that name may lie."""
        with disk(name):
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="cdp_"))
        return self._folder / Path(name).name

    def close(self) -> None:
        """Remove it."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


class Bucket:
    """A bucket, by pyarrow's file systems; `title` names it in messages.

    pyarrow completes an upload that broke off as if it were whole. So a file goes up under a
    name of its own, and is copied to its final one within the bucket.
    """

    def __init__(self, system: FileSystem, bucket: str, title: str) -> None:
        self._system, self._bucket, self._title = system, bucket, title
        self._drafts = Drafts()

    def draft(self, name: str) -> Path:
        return self._drafts.path(f"{name}.partial")

    def put(self, draft: Path, name: str) -> None:
        folder, _, plain = name.rpartition("/")
        partial = self._at(f"{folder}/.{plain}.partial".lstrip("/"))
        with self._told():
            with draft.open("rb") as file, self._system.open_output_stream(partial) as there:
                shutil.copyfileobj(file, there, _CHUNK)
            self._system.copy_file(partial, self._at(name))
            self._system.delete_file(partial)
        draft.unlink()

    def save(self, content: bytes, name: str) -> None:
        kind = {"Content-Type": "application/json"}
        with (
            self._told(),
            self._system.open_output_stream(self._at(name), metadata=kind) as there,
        ):
            there.write(content)

    def get(self, name: str) -> Path | None:
        path = self._drafts.path(name)
        try:
            with (
                self._told(reading=True),
                self._system.open_input_stream(self._at(name)) as there,
                disk(name),
                path.open("wb") as file,
            ):
                shutil.copyfileobj(there, file, _CHUNK)
        except FileNotFoundError:
            return None
        return path

    def names(self, folder: str) -> list[str]:
        from pyarrow.fs import FileSelector

        with self._told():
            found = self._system.get_file_info(FileSelector(self._at(folder), allow_not_found=True))
        plain = [file.path for file in found if file.is_file]
        return sorted(path.removeprefix(f"{self._bucket}/") for path in plain)

    def remove(self, name: str) -> None:
        try:
            with self._told(reading=True):
                self._system.delete_file(self._at(name))
        except FileNotFoundError:
            return  # it is gone already

    def problems(self) -> Iterator[str]:
        try:
            kind = self._system.get_file_info(self._bucket).type.name
        except OSError:
            return  # to ask is a right of its own; the first write will tell
        if kind == "NotFound":
            yield f"{self._title} has no bucket '{self._bucket}'. Make it, or mend its name."

    def close(self) -> None:
        self._drafts.close()

    def _at(self, name: str) -> str:
        return f"{self._bucket}/{name}".rstrip("/")

    @contextmanager
    def _told(self, reading: bool = False) -> Iterator[None]:
        """What the vendor's client says, as what the runner should do; no name is repeated.

        reading: FileNotFoundError stays one.
        """
        try:
            yield
        except OSError as error:
            if reading and isinstance(error, FileNotFoundError):
                raise
            found = _CODE.search(str(error))
            code = (found[1] or found[2]) if found else type(error).__name__
            if code in _PASSING:
                raise NoAnswer(f"{self._title} gave no answer ({code})") from None
            raise FatalDestinationError(
                f"{self._title} refused a file ({code}). Check the bucket and the credentials."
            ) from None
