"""CSV and Parquet files in a bucket of S3, or of a store that speaks its protocol."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import field_validator, model_validator

from cdp.destinations._base import Fact
from cdp.destinations._files import FileDestination, FileOptions
from cdp.destinations._secrets import SecretName, read_secret
from cdp.destinations._shelves import Bucket

__all__ = ["DESTINATION", "S3", "S3Options", "open_s3"]

_CONNECT_SECONDS, _SILENCE_SECONDS = 10, 60
_ATTEMPTS = 5


class S3Options(FileOptions):
    """bucket: its name. path: a key that ends in .csv or .parquet (snapshot) or a prefix
    (changes). region: of the bucket; default: as AWS's own tools find it. access_key_env: the
    access key's id; without it credentials are found as AWS's own tools find them.
    secret_key_env: the secret access key. base_url: of a store that is not AWS."""

    bucket: str
    region: str = ""
    access_key_env: SecretName = ""
    secret_key_env: SecretName = ""
    base_url: str = ""

    @field_validator("bucket")
    @classmethod
    def _plain(cls, bucket: str) -> str:
        if not bucket or "/" in bucket or ":" in bucket:
            raise ValueError("is a bucket's name alone; the rest is the path")
        return bucket

    @model_validator(mode="after")
    def _both(self) -> S3Options:
        if bool(self.access_key_env) != bool(self.secret_key_env):
            raise ValueError("access_key_env and secret_key_env go together")
        return self


class S3(FileDestination):
    """Files in a bucket."""

    title = "S3"
    summary = "Rows become CSV or Parquet files in a bucket of S3, or of a store like it."
    options = S3Options
    erases = (
        "Rewrites every file of the sync that is still there without the person's rows. Older "
        "versions stay where the bucket keeps versions: let its lifecycle rule end them."
    )
    facts = (
        *FileDestination.facts,
        Fact(
            "a PUT replaces an object at once and as a whole; readers see the one or the other",
            "Amazon S3 User Guide, What is Amazon S3, data consistency model, 2026-11",
        ),
        Fact(
            "a copy within S3 takes objects of at most 5 GB",
            "Amazon S3 API Reference, CopyObject, 2026-11",
        ),
    )
    verified = "moto's S3 server, in the tests"
    example = MappingProxyType(
        {
            "cdp_destination": "s3",
            "cdp_object": "changes",
            "cdp_mode": "mirror",
            "cdp_purpose": "service",
            "cdp_fields": {"email": "email", "last_order": "last_order_at"},
            "cdp_options": {
                "bucket": "example-audiences",
                "path": "lapsing_regulars",
                "format": "parquet",
                "region": "eu-central-1",
            },
        }
    )
    _options: S3Options

    @classmethod
    def place(cls, target_object: str, options: S3Options) -> str:
        """The store, the bucket and the path."""
        return f"s3:{options.base_url}//{options.bucket}/{options.path}"

    @classmethod
    def shelf(cls, options: S3Options, root: Path) -> Bucket:
        """The bucket."""
        return open_s3(options, options.bucket)


def open_s3(options: Any, bucket: str) -> Bucket:
    """The bucket, by region, access_key_env, secret_key_env and base_url of the options."""
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    credentials = {}
    if options.access_key_env:
        credentials = {
            "access_key": read_secret(options.access_key_env, "The access key's id"),
            "secret_key": read_secret(options.secret_key_env, "The secret access key"),
        }
    system = S3FileSystem(
        **credentials,
        region=options.region or None,
        endpoint_override=options.base_url or None,
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_SILENCE_SECONDS,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
        allow_delayed_open=True,  # something small is one PUT
    )
    return Bucket(system, bucket, "S3")


DESTINATION = S3
