"""Make hubspot.json anew: the calls that HubSpot's own SDK makes for the same rows.

    pip install hubspot-api-client==12.0.0   # in an environment of its own
    python hubspot.py > hubspot.json

It is pointed at a server on this machine that writes down what it is sent. It calls /crm/v3.
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

# This file has the name of the SDK's package, which is not to be found beside it.
sys.path = [each for each in sys.path if Path(each).resolve() != Path(__file__).parent]

from hubspot import HubSpot  # noqa: E402
from hubspot.crm import companies, contacts, objects  # noqa: E402

CALLS: list[dict[str, Any]] = []
ANN = {"email": "ann@example.com", "firstname": "Ånn", "cdp_orders": "3", "cdp_is_vip": "true"}
BOB = {
    "email": "bob@example.com", "firstname": "", "cdp_born_on": "1980-02-29",
    "cdp_last_order_at": "2017-12-01T10:30:05Z",
}  # fmt: skip


class Recorder(BaseHTTPRequestHandler):
    """Writes each call down, and answers with something harmless."""

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        scheme = self.headers["authorization"].split(" ")[0]
        call = {"method": self.command, "path": self.path, "scheme": scheme}
        CALLS.append({**call, "body": json.loads(body)})
        self.send_response(204)
        self.end_headers()

    do_POST = do_PUT = _any

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def ids(package: Any, *found: str) -> list[Any]:
    """Records, or values, as the SDK names them."""
    return [package.SimplePublicObjectId(id=each) for each in found]


def people(client: HubSpot) -> None:
    """Two are made or updated, one is updated, one archived, one deleted for good."""
    batch = client.crm.contacts.batch_api
    made = [
        contacts.SimplePublicObjectBatchInputUpsert(
            id=person["email"], id_property="email", properties=person,
            object_write_trace_id=str(number),
        )
        for number, person in enumerate((ANN, BOB))
    ]  # fmt: skip
    batch.upsert(contacts.BatchInputSimplePublicObjectBatchInputUpsert(inputs=made))
    known = contacts.SimplePublicObjectBatchInput(
        id="501", properties=ANN, object_write_trace_id="0"
    )
    batch.update(contacts.BatchInputSimplePublicObjectBatchInput(inputs=[known]))
    batch.archive(contacts.BatchInputSimplePublicObjectId(inputs=ids(contacts, "501")))
    client.crm.contacts.basic_api.purge(contacts.PublicGdprDeleteInput(object_id="501"))


def looked_up(client: HubSpot) -> None:
    """By a property that is unique, and by one that is not."""
    client.crm.contacts.batch_api.read(
        contacts.BatchReadInputSimplePublicObjectId(
            id_property="email", properties=["email"],
            inputs=ids(contacts, ANN["email"], BOB["email"]),
        )
    )  # fmt: skip
    asked = contacts.Filter(property_name="firstname", operator="IN", values=["bob", "ånn"])
    client.crm.contacts.search_api.do_search(
        contacts.PublicObjectSearchRequest(
            filter_groups=[contacts.FilterGroup(filters=[asked])],
            properties=["firstname"], limit=200, after="0",
        )
    )  # fmt: skip


def list_members(client: HubSpot) -> None:
    """Two come, one goes."""
    members = client.crm.lists.memberships_api
    members.add("7", ["501", "502"])
    members.remove("7", ["502"])


def records(client: HubSpot) -> None:
    """A company and a deal, by a property of ours."""
    company = companies.SimplePublicObjectBatchInputUpsert(
        id="c1", id_property="cdp_id", object_write_trace_id="0",
        properties={"cdp_id": "c1", "name": "Ånn & Co", "annualrevenue": "1200.5"},
    )  # fmt: skip
    client.crm.companies.batch_api.upsert(
        companies.BatchInputSimplePublicObjectBatchInputUpsert(inputs=[company])
    )
    deal = objects.SimplePublicObjectBatchInputUpsert(
        id="d1", id_property="cdp_id", object_write_trace_id="0",
        properties={"cdp_id": "d1", "dealname": "Winter", "amount": "99.5"},
    )  # fmt: skip
    client.crm.objects.batch_api.upsert(
        "deals", objects.BatchInputSimplePublicObjectBatchInputUpsert(inputs=[deal])
    )


def main() -> None:
    """Made by; what was done → its calls."""
    server = HTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = HubSpot(access_token="pat-na1-0000", host=f"http://127.0.0.1:{server.server_port}")
    found: dict[str, Any] = {"made_by": f"hubspot-api-client {version('hubspot-api-client')}"}
    for use in (people, looked_up, list_members, records):
        CALLS.clear()
        use(client)
        found[use.__name__] = list(CALLS)
    sys.stdout.write(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
