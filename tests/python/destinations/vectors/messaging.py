"""Make messaging.json anew: the calls that the vendors' own SDKs make for the same rows.

    pip install python-intercom==5.0.1 slack-sdk==3.47.0 customerio==3.2.0 sendgrid==6.12.5 \\
        marketorestpython==0.5.25   # in an environment of its own
    python messaging.py > messaging.json

Each is pointed at a server on this machine that writes down what it is sent. Marketo's is a
client of its community; Zendesk's is under the GPL, Braze's does not start on Python 3.11.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from customerio import CustomerIO
from intercom import CreateContactRequestWithExternalId, Intercom
from marketorestpython.client import MarketoClient
from sendgrid import SendGridAPIClient
from slack_sdk.webhook import WebhookClient

CALLS: list[dict[str, Any]] = []
ANN = {"email": "ann@example.com", "first_name": "Ånn"}
TOKEN = {"access_token": "token-0", "token_type": "bearer", "expires_in": 3600, "scope": "x"}


class Recorder(BaseHTTPRequestHandler):
    """Writes each call down, and answers with something harmless."""

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = urlsplit(self.path).path
        scheme = self.headers.get("authorization", "").split(" ")[0]
        with suppress(ValueError):  # a form, or nothing
            call = {"method": self.command, "path": path, "scheme": scheme}
            CALLS.append({**call, "body": json.loads(body)})
        answer = TOKEN if "oauth" in path else {"success": True, "result": [{"id": 1}], "id": "1"}
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def intercom(url: str) -> None:
    """A contact is made, and changed."""
    contacts = Intercom(token="0000", base_url=url).contacts
    custom = {"cdp_orders": 3}
    made = CreateContactRequestWithExternalId(
        role="user", external_id="p1", email=ANN["email"], name="Ånn", custom_attributes=custom
    )
    contacts.create(request=made)
    contacts.update(
        "6762f0dd1bb69f9f2193bb83", external_id="p1", email=ANN["email"], name="Ånn",
        custom_attributes=custom,
    )  # fmt: skip


def slack(url: str) -> None:
    """A message."""
    client = WebhookClient(f"{url}/services/T000/B000/0000aaaa")
    text = "New VIPs: 1\n• name: Ånn"
    client.send(text=text, unfurl_links=False, unfurl_media=False)


def customerio(url: str) -> None:
    """Two people, one of them deleted; times as the SDK has them."""
    client = CustomerIO("5173", "0000-track", retries=0)
    client.port, client.host = 443, urlsplit(url).netloc
    send = client.send_request
    client.send_request = lambda method, address, data: send(  # type: ignore[method-assign]
        method, address.replace("https://", "http://"), data
    )
    seen = datetime(2017, 12, 1, 10, 30, 5)
    known = {"type": "person", "identifiers": {"id": "p1"}}
    client.batch([{**known, "action": "identify", "attributes": {**ANN, "seen_at": seen}}])
    client.batch([{**known, "action": "delete"}])


def sendgrid(url: str) -> None:
    """A contact with a custom field."""
    client = SendGridAPIClient(api_key="SG.0000", host=url)
    contact = {**ANN, "custom_fields": {"e2_N": "3"}}
    client.client.marketing.contacts.put(request_body={"contacts": [contact]})


def marketo(url: str) -> None:
    """A lead is made or updated, put on a list, taken off."""
    client = MarketoClient("123-ABC-456", "1111-2222", "0000-secret", None)
    client.host = url
    lead = {"email": ANN["email"], "firstName": "Ånn"}
    client.create_update_leads([lead], action="createOrUpdate", lookupField="email")
    client.add_leads_to_list(1001, [7])
    client.remove_leads_from_list(1001, [7])


def recorded(url: str, use: Callable[[str], None]) -> list[dict[str, Any]]:
    """The calls with a body that were made meanwhile."""
    CALLS.clear()
    use(url)
    return list(CALLS)


def main() -> None:
    """Vendor → made by, calls."""
    server = HTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    uses = {
        "python-intercom": intercom,
        "slack-sdk": slack,
        "customerio": customerio,
        "sendgrid": sendgrid,
        "marketorestpython": marketo,
    }
    found = {
        use.__name__: {"made_by": f"{name} {version(name)}", "calls": recorded(url, use)}
        for name, use in uses.items()
    }
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
