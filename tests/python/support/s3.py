"""An S3 server for tests: moto's, on a free port of this machine."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["S3Server", "serving_s3"]


@dataclass(frozen=True)
class S3Server:
    """The server, and AWS's own client to look into it."""

    url: str
    client: Any

    def create_bucket(self, **settings: Any) -> str:
        """The name of a new, empty bucket."""
        name = f"cdp-{uuid.uuid4().hex[:12]}"
        self.client.create_bucket(Bucket=name, **settings)
        return name

    def files(self, bucket: str) -> dict[str, bytes]:
        """Every object of a bucket, by its key; markers of folders left out."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        found = [item["Key"] for page in pages for item in page.get("Contents", ())]
        keys = [key for key in found if not key.endswith("/")]
        return {key: self._read(bucket, key) for key in keys}

    def _read(self, bucket: str, key: str) -> bytes:
        content: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content


@contextmanager
def serving_s3() -> Iterator[S3Server]:
    """A server for as long as the block runs."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    url = f"http://127.0.0.1:{port}"
    client = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="test-only",
    )
    try:
        yield S3Server(url, client)
    finally:
        client.close()
        server.stop()
