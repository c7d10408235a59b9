"""Make google_data_manager.json anew: requests as Google's own SDK serialises them.

    pip install google-ads-datamanager==0.9.4   # in an environment of its own
    python google_data_manager.py > google_data_manager.json

The values are normalised by hand, as the guide "Format user data" says, and hashed by the
standard library: the SDK does neither. It refuses fields and enums that it does not know.
"""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from google.ads import datamanager_v1 as sdk

PEOPLE = [
    {
        "email": "Cloudy.SanFrancisco+shopping@gmail.com",
        "phone": "+1 (800) 555-0100",
        "first_name": "Mrs. Ann",
        "last_name": "O'Neil, Jr.",
        "country": "us",
        "zip": "94107",
        "ad_personalization": False,
    },
    {"email": "user.name+NYC@Example.com", "first_name": "Bob"},
]


def sha256(text: str) -> str:
    """In hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def members() -> list[sdk.AudienceMember]:
    """PEOPLE, as the guide has them."""
    address = sdk.AddressInfo(
        given_name=sha256("ann"), family_name=sha256("oneil"), region_code="US", postal_code="94107"
    )
    ann = [
        sdk.UserIdentifier(email_address=sha256("cloudysanfrancisco@gmail.com")),
        sdk.UserIdentifier(phone_number=sha256("+18005550100")),
        sdk.UserIdentifier(address=address),
    ]
    bob = [sdk.UserIdentifier(email_address=sha256("user.name+nyc@example.com"))]
    given = sdk.ConsentStatus
    denied = sdk.Consent(
        ad_user_data=given.CONSENT_GRANTED, ad_personalization=given.CONSENT_DENIED
    )
    return [
        sdk.AudienceMember(user_data=sdk.UserData(user_identifiers=ann), consent=denied),
        sdk.AudienceMember(user_data=sdk.UserData(user_identifiers=bob)),
    ]


def serialised(message: Any) -> Any:
    """As JSON has it, enums by name, without what is not set."""
    kind = type(message)
    text = kind.to_json(
        message, use_integers_for_enums=False, always_print_fields_with_no_presence=False
    )
    return json.loads(text)


def vectors() -> dict[str, Any]:
    """One body a call."""
    kind = sdk.ProductAccount.AccountType.GOOGLE_ADS
    destination = sdk.Destination(
        operating_account=sdk.ProductAccount(account_id="123", account_type=kind),
        login_account=sdk.ProductAccount(account_id="789", account_type=kind),
        product_destination_id="456",
    )
    granted = sdk.ConsentStatus.CONSENT_GRANTED
    accepted = sdk.TermsOfServiceStatus.ACCEPTED
    common = {"destinations": [destination], "encoding": sdk.Encoding.HEX}
    ingest = sdk.IngestAudienceMembersRequest(
        **common,
        audience_members=members(),
        consent=sdk.Consent(ad_user_data=granted, ad_personalization=granted),
        validate_only=True,
        terms_of_service=sdk.TermsOfService(customer_match_terms_of_service_status=accepted),
    )
    remove = sdk.RemoveAudienceMembersRequest(**common, audience_members=members()[1:])
    everybody = sdk.RemoveAllAudienceMembersRequest(
        destinations=[destination], remove_as_of_time=datetime(2018, 1, 1, 6, tzinfo=UTC)
    )
    return {
        "made_by": f"google-ads-datamanager {version('google-ads-datamanager')}, types",
        "people": PEOPLE,
        "ingest": serialised(ingest),
        "remove": serialised(remove),
        "removeAll": serialised(everybody),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(vectors(), indent=1) + "\n")
