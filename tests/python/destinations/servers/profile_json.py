"""Documents in a folder, and in a bucket on moto's S3 server."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

import pytest

from cdp.destinations._base import Row
from destinations.servers._base import Bench, Case
from support.s3 import S3Server

__all__ = ["BENCH"]

_FIELDS = {"email": "text", "name": "text", "orders": "integer"}
_SECRETS = {"access_key_env": "TEST_ACCESS_KEY", "secret_key_env": "TEST_SECRET_KEY"}


def _case(path: str, **options: str) -> Case:
    options = {"path": path, **options}
    return Case("profiles", "mirror", "id", _FIELDS, "name", options, refuses=False)


class Documents(Bench):
    destination = "profile_json"
    cases = (_case("site/profiles"), _case("s3://bucket/profiles", **_SECRETS))

    def start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TEST_ACCESS_KEY", "AKIATEST")
        monkeypatch.setenv("TEST_SECRET_KEY", "test-only")
        self.server: S3Server = self.request.getfixturevalue("s3_server")
        self.bucket = self.server.create_bucket()

    def options(self, case: Case) -> dict[str, Any]:
        if not case.options["path"].startswith("s3:"):
            return dict(case.options)
        there = {"path": f"s3://{self.bucket}/profiles", "base_url": self.server.url}
        return {**case.options, **there, "region": "us-east-1"}

    def held(self, case: Case, row: Row) -> object:
        return self._documents().get(row.id)

    def wanted(self, case: Case, row: Row) -> object:
        return {"id": row.id, **row.fields}

    def count(self, case: Case) -> int:
        return len(self._documents())

    def everything(self) -> str:
        return str(self._documents())

    def _documents(self) -> dict[str, Any]:
        files = {path.name: path.read_bytes() for path in self.folder.rglob("*.json")}
        files |= {PurePosixPath(k).name: v for k, v in self.server.files(self.bucket).items()}
        return {
            unquote(name.removesuffix(".json")): json.loads(content)
            for name, content in files.items()
        }


BENCH = Documents
