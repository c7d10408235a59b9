"""Make klaviyo.json anew: bodies as Klaviyo's own SDK serialises them.

pip install klaviyo-api==25.0.0   # in an environment of its own
python klaviyo.py > klaviyo.json
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from typing import Any

import openapi_client.models as sdk

PEOPLE: list[dict[str, Any]] = [
    {"external_id": "p1", "email": "Ann@Example.com", "first_name": "Ånn", "cdp_orders": 3},
    {"external_id": "p2", "phone_number": "+15550100", "location.zip": "01234", "last_name": None},
]


def profile(person: dict[str, Any]) -> dict[str, Any]:
    """The SDK's dictionary of a profile, properties and location apart."""
    own = {"email", "phone_number", "external_id", "first_name", "last_name"}
    attributes: dict[str, Any] = {name: value for name, value in person.items() if name in own}
    if zips := person.get("location.zip"):
        attributes["location"] = {"zip": zips}
    if "cdp_orders" in person:
        attributes["properties"] = {"cdp_orders": person["cdp_orders"]}
    return {"type": "profile", "attributes": attributes}


def serialised(model: Any, data: Any) -> Any:
    """The body as the SDK sends it, having checked it.

    Not by its from_dict, which adds a null, that clears, for each attribute not given.
    """
    return json.loads(model.model_validate({"data": data}).to_json())


def vectors() -> dict[str, Any]:
    """One body a call."""
    members = [{"type": "profile", "id": found} for found in ("01K1", "01K2")]
    emails = [{"type": "profile", "attributes": {"email": "ann@example.com"}}]
    erased = {"type": "profile", "id": "01K1", "attributes": {}}
    relationships = {"lists": {"data": [{"type": "list", "id": "VIPs"}]}}
    return {
        "made_by": f"klaviyo-api {version('klaviyo-api')}, models of openapi_client",
        "people": PEOPLE,
        "import": serialised(
            sdk.ProfileImportJobCreateQuery,
            {
                "type": "profile-bulk-import-job",
                "attributes": {"profiles": {"data": [profile(person) for person in PEOPLE]}},
                "relationships": relationships,
            },
        ),
        "leave": serialised(sdk.ListMembersDeleteQuery, members),
        "suppress": serialised(
            sdk.SuppressionCreateJobCreateQuery,
            {
                "type": "profile-suppression-bulk-create-job",
                "attributes": {"profiles": {"data": emails}},
            },
        ),
        "erase": serialised(
            sdk.DataPrivacyCreateDeletionJobQuery,
            {"type": "data-privacy-deletion-job", "attributes": {"profile": {"data": erased}}},
        ),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n")
