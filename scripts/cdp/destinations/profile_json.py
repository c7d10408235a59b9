"""A profile look-up as files: one JSON document a person, named by the key.

For a website or a CMS that personalises without a database: `<path>/<key>.json` in a folder, or
in a bucket of S3 or GCS. Refreshed by difference. See docs/lookup.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import field_validator, model_validator

from cdp.destinations._base import (
    Batch,
    Delivery,
    Destination,
    Fact,
    Options,
    Outcome,
    Row,
    json_bytes,
)
from cdp.destinations._secrets import SecretName
from cdp.destinations._shelves import Folder, Shelf
from cdp.destinations.files import inside
from cdp.destinations.gcs import open_gcs
from cdp.destinations.s3 import open_s3
from cdp.errors import CdpError

__all__ = ["DESTINATION", "ProfileJson", "ProfileJsonOptions"]

_AT_ONCE = 16  # documents
_LONGEST_NAME = 200  # characters, percent-encoded


class ProfileJsonOptions(Options):
    """path: a folder under the project's or CDP_FILES_ROOT, s3://bucket/prefix or
    gs://bucket/prefix. region: of an S3 bucket. access_key_env: the S3 access key's id; without
    it credentials are found as AWS's own tools find them. secret_key_env: the S3 secret access
    key. token_env: a Google access token; without it the application default credentials are
    used. base_url: of a store that is neither Amazon's nor Google's."""

    path: str
    region: str = ""
    access_key_env: SecretName = ""
    secret_key_env: SecretName = ""
    token_env: SecretName = ""
    base_url: str = ""

    @field_validator("path")
    @classmethod
    def _known(cls, path: str) -> str:
        parts = urlsplit(path)
        if parts.scheme and (parts.scheme not in ("s3", "gs") or not parts.netloc):
            raise ValueError("is a folder, s3://bucket/prefix or gs://bucket/prefix")
        if Path(path).is_absolute() or ".." in Path(path).parts or "\x00" in path:
            raise ValueError("is a path inside, without '..' and without '/' at its start")
        return path

    @model_validator(mode="after")
    def _both(self) -> ProfileJsonOptions:
        if bool(self.access_key_env) != bool(self.secret_key_env):
            raise ValueError("access_key_env and secret_key_env go together")
        return self


class ProfileJson(Destination):
    """One document a person."""

    title = "Profile look-up: JSON by id"
    summary = (
        "Each row is a document `<key>.json` in a folder or a bucket, for a website or a CMS "
        "that personalises; see [look-up](../lookup.md)."
    )
    modes = frozenset({"mirror", "audience", "upsert"})
    default_object = "profiles"
    options = ProfileJsonOptions
    can_leave_fields = False
    batch_rows = 200
    erases = (
        "Removes the person's document. A bucket that keeps versions, or deleted objects for a "
        "while, keeps them."
    )
    known_on = "2026-11-22"
    facts = (
        Fact("a name is the key, percent-encoded as a path segment", "RFC 3986, 2.1 and 3.3"),
        Fact(
            "a PUT replaces an object at once and as a whole",
            "Amazon S3 User Guide, data consistency model, 2026-11",
        ),
    )
    verified = "the local disk and moto's S3 server, in the tests"
    example = MappingProxyType(
        {
            "cdp_destination": "profile_json",
            "cdp_object": "profiles",
            "cdp_mode": "mirror",
            "cdp_purpose": "service",
            "cdp_match": ["profile_id"],
            "cdp_fields": {"profile_id": "profile_id", "stage": "lifecycle_stage"},
            "cdp_options": {"path": "s3://example-site/profiles", "region": "eu-central-1"},
        }
    )
    _options: ProfileJsonOptions

    @classmethod
    def place(cls, target_object: str, options: ProfileJsonOptions) -> str:
        """The store and the path."""
        return f"profile_json:{options.base_url}//{options.path}"

    def __init__(self, delivery: Delivery, options: ProfileJsonOptions) -> None:
        super().__init__(delivery, options)
        self._shelf, self._folder = _opened(options, delivery.root)

    def check(self) -> Iterator[str]:
        """Also what is wrong with the place."""
        yield from super().check()
        yield from self._shelf.problems()

    def refusal(self, row: Row) -> Outcome | None:
        """A key that makes no name of a file is refused, too."""
        if len(quote(row.id, safe="")) > _LONGEST_NAME:
            return Outcome("rejected", "too_long", f"a key takes {_LONGEST_NAME} characters")
        return super().refusal(row)

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Write the documents; each is whole at every moment."""
        match = self._delivery.match
        found = {row.id: json_bytes({match: row.id, **row.fields}) for row in batch.rows}
        return self._each(batch, lambda key: self._shelf.save(found[key], self._name(key)))

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Take the documents away."""
        return self._each(batch, lambda key: self._shelf.remove(self._name(key)))

    def close(self) -> None:
        """Let go of the place."""
        self._shelf.close()

    def _name(self, key: str) -> str:
        return f"{self._folder}/{quote(key, safe='')}.json".lstrip("/")

    def _each(self, batch: Batch, do: Callable[[str], None]) -> Sequence[Outcome]:
        """Several at once; what failed among others that did not is unknown, and comes again."""
        keys = list(dict.fromkeys(row.id for row in batch.rows))

        def fault_of(key: str) -> CdpError | None:
            try:
                do(key)
            except CdpError as error:
                return error
            return None

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            faults = dict(zip(keys, pool.map(fault_of, keys), strict=True))
        failed = [fault for fault in faults.values() if fault]
        if len(failed) == len(keys):
            raise failed[0]
        return [
            Outcome("unknown", "no_answer") if faults[row.id] else Outcome("acknowledged")
            for row in batch.rows
        ]


def _opened(options: ProfileJsonOptions, root: Path) -> tuple[Shelf, str]:
    parts = urlsplit(options.path)
    opened: dict[str, Callable[[Any, str], Shelf]] = {"s3": open_s3, "gs": open_gcs}
    if parts.scheme:
        return opened[parts.scheme](options, parts.netloc), parts.path.strip("/")
    return Folder(inside(root, options.path)), ""


DESTINATION = ProfileJson
