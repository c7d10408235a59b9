"""Make hashing.json anew: values as Meta's own SDK normalises and hashes them.

    pip install facebook-business==26.0.3   # in an environment of its own
    python hashing.py > hashing.json

Google's SDK hashes nothing; its vectors are the examples of its guide "Format user data"
(Data Manager API, read 2026-11-22), hashed by the standard library.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from typing import Any

from facebook_business.adobjects.customaudience import CustomAudience

META = {
    "external_id": ("EXTERN_ID", ["p000001"]),
    "email": ("EMAIL", ["A.B@Gmail.com", " ann+news@Example.com ", "user.name+NYC@example.com"]),
    "phone": ("PHONE", ["+1 (555) 010-9999", "+44 20 7946 0958"]),
    "first_name": ("FN", ["Mary Ann", " O'Neil-Smith. "]),
    "last_name": ("LN", ["VAN DER BERG"]),
    "city": ("CT", ["New York", "St. Paul"]),
    "state": ("ST", ["CA"]),
    "zip": ("ZIP", ["94107-1234", "10115"]),
    "country": ("COUNTRY", ["US", "de"]),
    "gender": ("GEN", ["Female", "m"]),
    "birth_year": ("DOBY", ["1984"]),
    "birth_month": ("DOBM", ["3", "11"]),
    "birth_day": ("DOBD", ["07"]),
}
GOOGLE = {
    "email": [
        ("cloudy.sanfrancisco+shopping@gmail.com", "cloudysanfrancisco@gmail.com"),
        ("user.name+NYC@Example.com", "user.name+nyc@example.com"),
    ],
    "phone": [("+1 (800) 555-0100", "+18005550100")],
}


PEOPLE = [
    {
        "external_id": f"p00000{number}",
        "email": f"Ann+{number}@Example.com",
        "phone": f"+1 (555) 010-000{number}",
        "first_name": "Mary Ann",
        "last_name": "O'Neil",
    }
    for number in range(2)
]


def payload() -> dict[str, Any]:
    """PEOPLE in the payload of the SDK; every value is there, of "" it sends the hash."""
    schema = [META[name][0] for name in PEOPLE[0]]
    users = [list(person.values()) for person in PEOPLE]
    params = CustomAudience.format_params(schema, users, is_raw=True)
    return dict(params["payload"])


def as_meta_sends(key: str, value: str) -> str:
    """The value in the payload of the SDK."""
    params = CustomAudience.format_params([key], [[value]], is_raw=True)
    return str(params["payload"]["data"][0][0])


def vectors() -> dict[str, Any]:
    """vendor → field → [value, as it is sent], or for Google [value, normalised]."""
    meta = {
        name: [(value, as_meta_sends(key, value)) for value in values]
        for name, (key, values) in META.items()
    }
    made_by = f"facebook-business {version('facebook-business')}, CustomAudience.format_params"
    found = {"made_by": made_by, "meta": meta, "google": GOOGLE}
    return found | {"people": PEOPLE, "payload": payload()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(vectors(), indent=1) + "\n")
