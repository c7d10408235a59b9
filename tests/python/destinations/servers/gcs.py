"""A bucket of Google Cloud Storage, by its JSON API (cloud.google.com/storage/docs/json_api/v1).

Resumable uploads (…/docs/performing-resumable-uploads), read 2026-11: a session is begun by
POST, which answers with its address in Location; a PUT with Content-Range `bytes a-b/total`
completes it, or is answered by 308 with the Range that is there. Errors are
{"error": {"code", "message"}} (…/docs/json_api/v1/status-codes).
"""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest

from destinations.servers._base import Call, Refused, Reply, Server, only, route
from destinations.servers._files import FileBench

__all__ = ["BENCH"]

_BUCKET = "audiences"
_TOKEN = "ya29.test-only"
_PLACE = f"/storage/v1/b/{_BUCKET}/o"


class GcsBucket(FileBench, Server):
    destination = "gcs"
    is_http = False  # Google's own client tries again, on a clock of its own
    environment: ClassVar[dict[str, str]] = {"TEST_GCS_TOKEN": _TOKEN}
    settings: ClassVar[dict[str, Any]] = {"bucket": _BUCKET, "token_env": "TEST_GCS_TOKEN"}
    max_body = 20_000_000

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.objects: dict[str, bytes] = {}
        self.sessions: dict[str, tuple[str, bytes]] = {}

    def start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().start(monkeypatch)
        monkeypatch.setattr("cdp.destinations.gcs._PATIENCE", timedelta(seconds=1))

    def files(self) -> dict[str, bytes]:
        return dict(self.objects)

    def authorise(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Bearer {_TOKEN}":
            raise Refused(_error(401, "Invalid Credentials"))

    @route("GET", r"/storage/v1/b/([^/]+)", writes=False)
    def bucket(self, call: Call) -> Reply:
        if call.parts[0] != _BUCKET:
            raise Refused(_error(404, "The specified bucket does not exist."))
        return Reply(200, {"kind": "storage#bucket", "id": _BUCKET, "name": _BUCKET})

    @route("POST", r"/upload/storage/v1/b/([^/]+)/o", writes=False)
    def begin(self, call: Call) -> Reply:
        """uploadType=resumable; the name in the query, or in what is told of the object
        (…/docs/json_api/v1/objects/insert: "not required if … in the object metadata")."""
        if call.parts[0] != _BUCKET:
            raise Refused(_error(404, "The specified bucket does not exist."))
        if call.query.get("uploadType") != ["resumable"]:
            raise Refused(_error(400, "an upload of another type is not expected"))
        session = uuid.uuid4().hex
        about = only(call.json, (), ("name", "contentType")) if call.body else {}
        name = call.query.get("name", [about.get("name")])[0]
        if not name:
            raise Refused(_error(400, "Required parameter: name"))
        self.sessions[session] = (name, b"")
        where = f"{self.url}/upload/storage/v1/b/{_BUCKET}/o/{session}"
        return Reply(200, {}, {"location": where})

    @route("PUT", rf"/upload{_PLACE}/(\w+)")
    def upload(self, call: Call) -> Reply:
        """A part, or the last one: then the object is there."""
        name, before = self.sessions[call.parts[0]]
        content = before + call.body
        total = call.headers.get("content-range", f"bytes */{len(content)}").rpartition("/")[2]
        if total == "*" or int(total) > len(content):
            self.sessions[call.parts[0]] = (name, content)
            return Reply(308, None, {"range": f"bytes=0-{len(content) - 1}"})
        del self.sessions[call.parts[0]]
        self.objects[name] = content
        return Reply(200, self._about(name))

    @route("POST", rf"{_PLACE}/([^/]+)/rewriteTo/b/{_BUCKET}/o/([^/]+)")
    def rewrite(self, call: Call) -> Reply:
        source, target = map(unquote, call.parts)
        self.objects[target] = self._found(source)
        size = str(len(self.objects[target]))
        facts = {"kind": "storage#rewriteResponse", "done": True, "resource": self._about(target)}
        return Reply(200, facts | {"totalBytesRewritten": size, "objectSize": size})

    @route("GET", _PLACE, writes=False)
    def listed(self, call: Call) -> Reply:
        """By prefix; with a delimiter, what lies deeper becomes a prefix."""
        prefix = call.query.get("prefix", [""])[0]
        names = [name for name in sorted(self.objects) if name.startswith(prefix)]
        if "delimiter" in call.query:
            names = [name for name in names if "/" not in name.removeprefix(prefix)]
        return Reply(200, {"kind": "storage#objects", "items": [self._about(n) for n in names]})

    @route("GET", rf"{_PLACE}/([^/]+)", writes=False)
    def read(self, call: Call) -> Reply:
        """What is known of an object, or with alt=media its content, from `Range` on."""
        name = unquote(call.parts[0])
        content = self._found(name)
        if call.query.get("alt") != ["media"]:
            return Reply(200, self._about(name))
        begin = re.match(r"bytes=(\d+)-", call.headers.get("range", "bytes=0-"))
        return Reply(200, content[int(begin[1]) if begin else 0 :])

    @route("DELETE", rf"{_PLACE}/([^/]+)")
    def delete(self, call: Call) -> Reply:
        name = unquote(call.parts[0])
        self._found(name)
        del self.objects[name]
        return Reply(204)

    def _found(self, name: str) -> bytes:
        if name not in self.objects:
            raise Refused(_error(404, "No such object"))
        return self.objects[name]

    def _about(self, name: str) -> dict[str, str]:
        size = str(len(self.objects[name]))
        return {
            "kind": "storage#object", "name": name, "bucket": _BUCKET, "size": size,
            "generation": "1", "updated": "2026-11-01T00:00:00Z",
        }  # fmt: skip


def _error(status: int, message: str) -> Reply:
    return Reply(status, {"error": {"code": status, "message": message}})


BENCH = GcsBucket
