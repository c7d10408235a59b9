"""What the SDK simple-salesforce sends, for test_salesforce.py to compare with.

pip install simple-salesforce==1.12.10   (into an environment of its own)
python tests/python/destinations/vectors/salesforce.py
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from simple_salesforce.bulk2 import ColumnDelimiter, LineEnding, Operation, SFBulk2Type
from simple_salesforce.bulk2 import _convert_dict_to_csv as to_csv
from simple_salesforce.format import quote_soql_value

WORDS = ["Ann", "O'Neil", 'the "1st"', "back\\slash", "a\tb\nc\rd", "Łucja 山田", "' OR Id != '"]
RECORDS = [{"CDP_Id__c": f"p{number}", "LastName": word} for number, word in enumerate(WORDS)]


class Session:
    """Keeps what is sent, and answers that a job was made."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.status_code = 200

    def request(self, method: str, url: str, **given: Any) -> Session:
        body = given["data"]
        text = body.decode() if isinstance(body, bytes) else body
        self.sent.append(
            {
                "method": method,
                "path": url.removeprefix("https://example.com"),
                "content_type": given["headers"]["Content-Type"],
                "body": text,
            }
        )
        self.status_code = 201 if method == "PUT" else 200
        return self

    def json(self, **_: Any) -> dict[str, str]:
        return {"id": "750", "state": "Open"}


def main() -> None:
    session = Session()
    jobs: Any = SFBulk2Type("Contact", "https://example.com/jobs/", {}, session)
    text = to_csv(RECORDS, ColumnDelimiter.COMMA, LineEnding.LF, sort_keys=True)
    client = jobs._client
    client.create_job(Operation.upsert, external_id_field="CDP_Id__c")
    client.upload_job_data("750", text)
    client.close_job("750")
    client.create_job(Operation.hard_delete)
    found = {
        "made_by": f"simple-salesforce {version('simple-salesforce')}, salesforce.py",
        "quoted": [{"value": word, "literal": quote_soql_value(word)} for word in WORDS],
        "records": RECORDS,
        "calls": session.sent,
    }
    path = Path(__file__).with_name("salesforce.json")
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
