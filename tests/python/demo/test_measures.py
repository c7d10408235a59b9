"""What the demo promises of its dirt, measured on the demo as it ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.closure import Closure, Key, apart, measure
from demo.query import ask, one

JUNK_EMAILS = (
    "test@test.com none@none.com noemail@example.com asdf@asdf.com null n/a -1 anonymous unknown"
)
JUNK_PHONES = "0000000000 9999999999 1234567890 1"
KINDS = {"anonymous_id": "anonymous", "device_id": "device", "ga_client_id": "client"}


@pytest.fixture(scope="session")
def people(whole: Path) -> list[tuple[Key, str]]:
    rows = ask(whole, "select source, record_id, person_id from {truth.people}")
    return [((source, record), person) for source, record, person in rows]


@pytest.fixture(scope="session")
def closure(whole: Path) -> Closure:
    return Closure(whole / "raw")


def test_every_record_has_one_person(people: list[tuple[Key, str]]) -> None:
    assert len({record for record, _ in people}) == len(people)


@pytest.mark.parametrize(
    ("source", "records"),
    [
        ("shopify", "select cast(id as varchar) from {shopify.customer}"),
        ("loyalty", "select loyalty_id from {loyalty.members}"),
        (
            "salesforce",
            "select id from {salesforce.contact} union all select id from {salesforce.lead}",
        ),
        ("hubspot", "select cast(id as varchar) from {hubspot.contact}"),
        ("klaviyo", "select id from {klaviyo.person}"),
        ("mailchimp", "select id from {mailchimp.member}"),
        ("zendesk", "select cast(id as varchar) from {zendesk.user} where role = 'end-user'"),
        ("stripe", "select id from {stripe.customer}"),
        ("partner", "select contact_id from {partner.contacts}"),
        ("web", "select distinct anonymous_id || ':' || user_id from {web.identifies}"),
        ("app", "select distinct anonymous_id || ':' || user_id from {app.identifies}"),
    ],
)  # fmt: skip
def test_the_truth_knows_exactly_the_records_of_each_system(
    whole: Path, source: str, records: str
) -> None:
    known = ask(whole, f"select record_id from {{truth.people}} where source = '{source}'")
    assert sorted(known) == sorted(ask(whole, records))


def test_four_records_a_person_in_the_mean(people: list[tuple[Key, str]]) -> None:
    assert len(people) / len({person for _, person in people}) >= 4


def test_a_fifth_of_the_people_have_records_that_no_exact_chain_connects(
    people: list[tuple[Key, str]], closure: Closure
) -> None:
    assert apart(people, closure) / len({person for _, person in people}) >= 0.20


def test_three_percent_share_a_phone_or_a_device(
    whole: Path, people: list[tuple[Key, str]]
) -> None:
    sharing = one(
        whole,
        """select count(distinct person_id) from {truth.identifiers}
        where is_shared and identifier_type in ('phone', 'device_id', 'anonymous_id')""",
    )
    assert sharing / len({person for _, person in people}) >= 0.03


def test_exact_identifiers_alone_find_too_little_and_join_too_much(
    people: list[tuple[Key, str]], closure: Closure
) -> None:
    naive = measure(people, closure)
    assert 0.70 < naive.recall < 0.85
    assert naive.precision < 0.5


def test_without_shared_and_junk_values_exact_identifiers_are_right(
    whole: Path, people: list[tuple[Key, str]]
) -> None:
    shared = ask(
        whole,
        """select distinct identifier_type, identifier_value from {truth.identifiers}
        where is_shared""",
    )
    ignored = {
        ("=" + KINDS.get(kind, kind), value[-10:] if kind == "phone" else value)
        for kind, value in shared
    }
    ignored |= {("=email", value) for value in JUNK_EMAILS.split()}
    ignored |= {("=phone", value) for value in JUNK_PHONES.split()}
    inboxes = ask(
        whole,
        """select distinct lower(trim(email)) from (
            select email from {salesforce.contact} union all select email from {salesforce.lead}
            union all select property_email from {hubspot.contact}
        ) where regexp_matches(lower(trim(email)), '^(info|sales)@')""",
    )
    ignored |= {("=email", value) for (value,) in inboxes}
    careful = measure(people, Closure(whole / "raw", ignored))
    assert careful.precision >= 0.999
    assert 0.70 < careful.recall < 0.85
