"""A bucket on moto's S3 server, which is no code of ours, read back by AWS's own client.

moto follows the Amazon S3 API Reference: signatures version 4, multipart uploads, CopyObject,
ListObjectsV2, error codes as XML.
"""

from __future__ import annotations

from typing import Any

import pytest

from destinations.servers._base import Case
from destinations.servers._files import FileBench
from support.s3 import S3Server

__all__ = ["BENCH"]


class S3Bucket(FileBench):
    destination = "s3"
    environment = {"TEST_ACCESS_KEY": "AKIATEST", "TEST_SECRET_KEY": "test-only"}

    def start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().start(monkeypatch)
        self.server: S3Server = self.request.getfixturevalue("s3_server")
        self.bucket = self.server.create_bucket()

    def options(self, case: Case) -> dict[str, Any]:
        return {
            "bucket": self.bucket,
            "base_url": self.server.url,
            "region": "us-east-1",
            "access_key_env": "TEST_ACCESS_KEY",
            "secret_key_env": "TEST_SECRET_KEY",
            **case.options,
        }

    def files(self) -> dict[str, bytes]:
        return self.server.files(self.bucket)


BENCH = S3Bucket
