"""CSV and Parquet files in a bucket of Google Cloud Storage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from pydantic import field_validator

from cdp.destinations._base import Fact
from cdp.destinations._files import FileDestination, FileOptions
from cdp.destinations._secrets import SecretName, read_secret
from cdp.destinations._shelves import Bucket

__all__ = ["DESTINATION", "Gcs", "GcsOptions", "open_gcs"]

_TOKEN_LASTS = timedelta(hours=1)
_PATIENCE = timedelta(minutes=2)


class GcsOptions(FileOptions):
    """bucket: its name. path: a name that ends in .csv or .parquet (snapshot) or a prefix
    (changes). token_env: an OAuth access token, good for an hour; without it the application
    default credentials are used (GOOGLE_APPLICATION_CREDENTIALS, or the machine's account).
    base_url: of an emulator."""

    bucket: str
    token_env: SecretName = ""
    base_url: str = ""

    @field_validator("bucket")
    @classmethod
    def _plain(cls, bucket: str) -> str:
        if not bucket or "/" in bucket or ":" in bucket:
            raise ValueError("is a bucket's name alone; the rest is the path")
        return bucket


class Gcs(FileDestination):
    """Files in a bucket."""

    title = "Google Cloud Storage"
    summary = "Rows become CSV or Parquet files in a bucket of Google Cloud Storage."
    options = GcsOptions
    erases = (
        "Rewrites every file of the sync that is still there without the person's rows. What "
        "was replaced stays for as long as the bucket's soft delete policy (7 days unless it "
        "says otherwise) and its versioning keep it."
    )
    facts = (
        *FileDestination.facts,
        Fact(
            "an upload replaces an object at once and as a whole, when it is complete",
            "cloud.google.com/storage/docs/consistency, 2026-11",
        ),
    )
    example = MappingProxyType(
        {
            "cdp_destination": "gcs",
            "cdp_object": "snapshot",
            "cdp_mode": "mirror",
            "cdp_purpose": "service",
            "cdp_fields": {"email": "email", "last_order": "last_order_at"},
            "cdp_options": {"bucket": "example-audiences", "path": "lapsing_regulars.parquet"},
        }
    )

    @classmethod
    def place(cls, target_object: str, options: GcsOptions) -> str:
        """The store, the bucket and the path."""
        return f"gcs:{options.base_url}//{options.bucket}/{options.path}"

    @classmethod
    def shelf(cls, options: GcsOptions, root: Path) -> Bucket:
        """The bucket."""
        return open_gcs(options, options.bucket)


def open_gcs(options: Any, bucket: str) -> Bucket:
    """The bucket, by token_env and base_url of the options."""
    from pyarrow.fs import GcsFileSystem

    settings: dict[str, Any] = {"retry_time_limit": _PATIENCE}
    if options.token_env:
        settings |= {
            "access_token": read_secret(options.token_env, "The access token"),
            "credential_token_expiration": datetime.now(UTC) + _TOKEN_LASTS,
        }
    if options.base_url:
        parts = urlsplit(options.base_url)
        settings |= {"scheme": parts.scheme, "endpoint_override": parts.netloc}
    return Bucket(GcsFileSystem(**settings), bucket, "GCS")


DESTINATION = Gcs
