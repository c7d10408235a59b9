"""Make mailchimp.json anew: calls as Mailchimp's own SDK makes them, to a local listener.

pip install mailchimp-marketing==3.0.80   # in an environment of its own
python mailchimp.py > mailchimp.json
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qs, urlsplit

import mailchimp_marketing

ANN = "62eeb292278cc15f5817cb78f7790b08"  # the guide's example: MD5 of the email in lower case
MEMBER = {
    "email_address": "Urist.McVankab@freddiesjokes.com",
    "status_if_new": "subscribed",
    "merge_fields": {"FNAME": "Urist"},
}
made: list[dict[str, Any]] = []


class Listener(BaseHTTPRequestHandler):
    """Writes down each call; its answers are empty."""

    def any(self) -> None:
        """One call."""
        length = int(self.headers.get("content-length") or 0)
        text = self.rfile.read(length)
        parts = urlsplit(self.path)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        query = {name: "true" if value == "True" else value for name, value in given.items()}
        call = {"method": self.command, "path": parts.path, "query": query}
        made.append(call | {"body": json.loads(text) if text else None})
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PATCH = do_DELETE = any

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""


def call_everything(address: str) -> None:
    """One call of each that the module makes."""
    client = mailchimp_marketing.Client()
    client.set_config({"api_key": "0000-us12", "server": "us12"})
    client.api_client.host = f"{address}/3.0"
    lists, emails = client.lists, [MEMBER["email_address"]]
    body = {"members": [MEMBER], "update_existing": True}
    lists.batch_list_members("a1b2", body, skip_merge_validation=True, skip_duplicate_check=True)
    lists.get_list_member("a1b2", ANN, fields=["status"])
    lists.delete_list_member("a1b2", ANN)
    lists.delete_list_member_permanent("a1b2", ANN)
    lists.tag_search("a1b2", name="VIPs")
    lists.batch_segment_members({"members_to_add": emails}, "a1b2", "77")
    lists.batch_segment_members({"members_to_remove": emails}, "a1b2", "77")


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    call_everything(f"http://127.0.0.1:{server.server_address[1]}")
    made_by = f"mailchimp-marketing {version('mailchimp-marketing')}"
    sys.stdout.write(json.dumps({"made_by": made_by, "calls": made}, indent=1) + "\n")
