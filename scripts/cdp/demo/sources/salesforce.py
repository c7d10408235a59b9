"""The business side: catering accounts in Salesforce and in HubSpot.

Each CRM knows some of the companies and some of their people; a few are in both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.cards import Cards, Habits, make_cards, soil_emails
from cdp.demo.people import DAY, YEAR_START, choose, company_domain, company_name, has, text
from cdp.demo.purchases import explode
from cdp.demo.sink import Sink
from cdp.demo.world import NOW, Chunk, World

__all__ = ["write_owners", "write_salesforce"]

Array = NDArray[Any]

CRM = Habits(email=0.9, second_email=0.1, phone=0.62, stale=0.5, mess=1.1)
INDUSTRIES = ("Restaurants", "Education", "Healthcare", "Hospitality", "Offices", "Events")
STAGES = ("Prospecting", "Qualification", "Proposal", "Negotiation", "Closed Won", "Closed Lost")
PROBABILITY = (10.0, 25.0, 50.0, 75.0, 100.0, 0.0)
OWNERS = 6
HUBSPOT_STAGES = ("appointment", "qualified", "contract", "closedwon", "closedlost")


def write_owners(world: World, sink: Sink) -> None:
    """The sales people, the same in both CRMs, and HubSpot's pipeline."""
    rng = world.rng("owners")
    first = rng.choice(world.pools.first["en_US", "f"][0], OWNERS)
    last = rng.choice(world.pools.last["en_US"][0], OWNERS)
    email = np.array(
        [f"{f}.{n}@larkspur.example".lower() for f, n in zip(first, last, strict=True)],
        dtype=object,
    )
    index = np.arange(OWNERS)
    sink.write(
        "salesforce.user",
        {
            "id": owner_ids(index),
            "first_name": first,
            "last_name": last,
            "name": first + " " + last,
            "email": email,
            "username": email,
            "is_active": True,
            "title": "Account executive",
            "_fivetran_deleted": False,
            "_fivetran_active": True,
            "_fivetran_synced": NOW,
        },
    )
    sink.write(
        "hubspot.owner",
        {
            "owner_id": 9000 + index,
            "email": email,
            "first_name": first,
            "last_name": last,
            "created_at": YEAR_START,
            "updated_at": YEAR_START,
            "_fivetran_synced": NOW,
        },
    )
    sink.write(
        "hubspot.deal_pipeline_stage",
        {
            "stage_id": np.array(HUBSPOT_STAGES, dtype=object),
            "label": np.array(
                ["Appointment", "Qualified", "Contract sent", "Closed won", "Closed lost"],
                dtype=object,
            ),
            "pipeline_id": "default",
            "display_order": np.arange(5),
            "probability": np.array([0.2, 0.4, 0.7, 1.0, 0.0]),
            "closed_won": np.array([False, False, False, True, False]),
            "is_closed": np.array([False, False, False, True, True]),
            "active": True,
            "created_at": YEAR_START,
            "updated_at": YEAR_START,
            "_fivetran_deleted": False,
            "_fivetran_synced": NOW,
        },
    )


def owner_ids(index: Array) -> Array:
    """Salesforce ids of the sales people."""
    return salesforce_ids("005", index % OWNERS)


def salesforce_ids(prefix: str, number: Array) -> Array:
    """Ids of 18 characters, as Salesforce has them."""
    return np.array([f"{prefix}5e{n:013d}" for n in number.tolist()], dtype=object)


class Companies:
    """The companies behind a CRM's contacts: one entry a company."""

    def __init__(self, chunk: Chunk, contacts: Array, rng: np.random.Generator) -> None:
        pools = chunk.world.pools
        self.number = np.unique(chunk.people.company[contacts])
        listed = self.number.tolist()
        self.name = np.array([company_name(n, pools) for n in listed], dtype=object)
        self.domain = np.array([company_domain(n, pools) for n in listed], dtype=object)
        self.industry = np.array(INDUSTRIES, dtype=object)[self.number % len(INDUSTRIES)]
        self.employees = (self.number * 37 % 480) + 5
        self.revenue = self.employees * 84_000.0
        self.place = self.number % 60
        # The switchboard: a number that no person has.
        self.phone = np.array([f"+1800555{n % 10_000:04d}" for n in listed], dtype=object)
        self.created = chunk.uniform_times(len(listed), rng, YEAR_START - 300 * DAY)

    def row_of(self, company: Array) -> Array:
        return np.searchsorted(self.number, company)


def work_cards(chunk: Chunk, is_known: Array, rng: np.random.Generator) -> Cards:
    """Contacts give their work email, mostly; a few the inbox of their company."""
    people = chunk.people
    cards = make_cards(people, is_known, CRM, rng)
    draws = rng.random((2, len(cards)))
    work = soil_emails(people.work_email[cards.person], rng)
    email = choose((draws[0] < 0.6) & has(cards.email), work, cards.email)
    domains = [company_domain(c, chunk.world.pools) for c in people.company[cards.person].tolist()]
    roles = np.where(cards.person % 3 == 0, "sales@", "info@").astype(object)
    role_inbox = roles + np.array(domains, dtype=object)
    email = choose(draws[1] < dirt.ROLE_INBOX.rate, role_inbox, email)
    return Cards(**{**vars(cards), "email": email})


def write_salesforce(chunk: Chunk, sink: Sink) -> None:
    """Accounts, contacts, leads (some converted), opportunities with history, activities."""
    people, rng = chunk.people, chunk.rng("salesforce")
    known = people.uses["salesforce"]
    is_contact = known & (people.is_buyer | (people.number % 4 == 0))
    contacts = work_cards(chunk, is_contact, rng)
    companies = Companies(chunk, contacts.person, rng)
    account = companies.row_of(people.company[contacts.person])
    account_ids = salesforce_ids("001", companies.number)
    contact_ids = salesforce_ids("003", people.number[contacts.person] * 2 + contacts.nth)
    _write_accounts(chunk, sink, companies, account_ids)
    created = chunk.uniform_times(len(contacts), rng, YEAR_START - 200 * DAY)
    sink.write(
        "salesforce.contact",
        {
            "id": contact_ids,
            "account_id": account_ids[account],
            "first_name": contacts.first,
            "last_name": contacts.last,
            "name": contacts.name,
            "email": contacts.email,
            "phone": choose(rng.random(len(contacts)) < 0.2, companies.phone[account]),
            "mobile_phone": contacts.phone,
            "mailing_street": contacts.address.line1,
            "mailing_city": contacts.address.city,
            "mailing_state_code": contacts.address.region,
            "mailing_postal_code": contacts.address.postal_code,
            "mailing_country_code": contacts.address.country,
            "title": chunk.world.pools.jobs[
                people.number[contacts.person] % len(chunk.world.pools.jobs)
            ],
            "lead_source": np.array(["Web", "Referral", "Trade show"], dtype=object)[
                contacts.person % 3
            ],
            "owner_id": owner_ids(companies.number[account]),
            "gclid_c": choose(
                rng.random(len(contacts)) < 0.1, text("Cj0Kc", people.number[contacts.person])
            ),
            "has_opted_out_of_email": rng.random(len(contacts)) < 0.06,
            "do_not_call": rng.random(len(contacts)) < 0.04,
            "is_deleted": rng.random(len(contacts)) < 0.01,
            "created_date": created,
            "last_modified_date": np.minimum(created + 30 * DAY, NOW - DAY),
            "system_modstamp": np.minimum(created + 30 * DAY, NOW - DAY),
            "_fivetran_synced": NOW,
        },
    )
    sink.people("salesforce", contact_ids, people.person_id[contacts.person])
    _write_leads(chunk, sink, known & ~is_contact, contacts, contact_ids, rng)
    _write_opportunities(chunk, sink, companies, account_ids, rng)
    _write_activities(chunk, sink, companies, account_ids, contact_ids, account, rng)


def _write_accounts(chunk: Chunk, sink: Sink, companies: Companies, ids: Array) -> None:
    pools = chunk.world.pools
    sink.write(
        "salesforce.account",
        {
            "id": ids,
            "name": companies.name,
            "website": "https://www." + companies.domain,
            "industry": companies.industry,
            "number_of_employees": companies.employees,
            "annual_revenue": companies.revenue,
            "phone": companies.phone,
            "billing_city": pools.city[companies.place],
            "billing_state_code": pools.region[companies.place],
            "billing_country_code": "US",
            "type": "Customer",
            "owner_id": owner_ids(companies.number),
            "parent_id": choose(companies.number % 17 == 3, ids[0]),
            "is_deleted": False,
            "last_activity_date": NOW - 5 * DAY,
            "_fivetran_active": True,
            "_fivetran_synced": NOW,
        },
    )


def _write_leads(
    chunk: Chunk, sink: Sink, is_lead: Array, contacts: Cards, contact_ids: Array, rng: Any
) -> None:
    """Leads: people who are not contacts yet, and the leads that some contacts once were."""
    people, pools = chunk.people, chunk.world.pools
    leads = work_cards(chunk, is_lead, rng)
    converted = np.flatnonzero((contacts.nth == 0) & (rng.random(len(contacts)) < 0.3))
    was = np.zeros(len(people), dtype=bool)
    was[contacts.person[converted]] = True
    old = work_cards(chunk, was, rng)
    contact_of = dict(zip(contacts.person[converted].tolist(), contact_ids[converted], strict=True))
    for cards, is_converted, status in ((leads, False, None), (old, True, "Converted")):
        who, size = cards.person, len(cards)
        ids = salesforce_ids("00Q", people.number[who] * 4 + cards.nth * 2 + is_converted)
        open_status = np.array(["Open", "Working", "Qualified", "Unqualified"], dtype=object)
        created = chunk.uniform_times(size, rng, NOW - 250 * DAY, NOW - DAY)
        sink.write(
            "salesforce.lead",
            {
                "id": ids,
                "first_name": cards.first,
                "last_name": cards.last,
                "name": cards.name,
                "email": cards.email,
                "phone": cards.phone,
                "mobile_phone": None,
                "company": np.array(
                    [company_name(c, pools) for c in people.company[who].tolist()], dtype=object
                ),
                "title": pools.jobs[people.number[who] % len(pools.jobs)],
                "street": cards.address.line1,
                "city": cards.address.city,
                "state_code": cards.address.region,
                "postal_code": cards.address.postal_code,
                "country_code": cards.address.country,
                "lead_source": np.array(["Web", "Partner", "Trade show"], dtype=object)[who % 3],
                "status": status or open_status[rng.integers(0, 4, size)],
                "owner_id": owner_ids(people.company[who]),
                "is_converted": is_converted,
                "converted_contact_id": np.array(
                    [contact_of.get(w) for w in who.tolist()], dtype=object
                ),
                "converted_date": np.where(is_converted, created + DAY, np.datetime64("NaT")),
                "gclid_c": choose(rng.random(size) < 0.15, text("Cj0Kl", people.number[who])),
                "has_opted_out_of_email": rng.random(size) < 0.05,
                "is_deleted": False,
                "created_date": created,
                "last_modified_date": created + DAY / 2,
                "_fivetran_synced": NOW,
            },
        )
        sink.people("salesforce", ids, people.person_id[who])


def _write_opportunities(
    chunk: Chunk, sink: Sink, companies: Companies, account_ids: Array, rng: Any
) -> None:
    """Deals that went through the stages one by one; some are still on their way."""
    account = np.repeat(np.arange(len(account_ids)), rng.poisson(1.3, len(account_ids)))
    size = len(account)
    number = chunk.serials(size)
    ids = salesforce_ids("006", number)
    created = chunk.uniform_times(size, rng, NOW - 300 * DAY, NOW - 3 * DAY)
    pace = rng.integers(5, 40, size)
    reached = np.minimum(((NOW - created) / (DAY * pace)).astype(int), 4)
    is_lost = (reached == 4) & (rng.random(size) < 0.45)
    final = np.where(is_lost, 5, reached)
    amount = np.round(rng.lognormal(8.3, 0.8, size), 2)
    close = created + pace * DAY * 4 + np.where(reached < 4, rng.integers(-20, 40, size), 0) * DAY
    deal = {
        "account_id": account_ids[account],
        "name": companies.name[account] + " catering",
        "owner_id": owner_ids(companies.number[account]),
        "lead_source": "Web",
        "type": "New business",
        "created_date": created,
        "is_deleted": False,
        "_fivetran_active": True,
        "_fivetran_synced": NOW,
    }
    sink.write(
        "salesforce.opportunity",
        {
            "id": ids,
            "amount": amount,
            "close_date": close.astype("datetime64[D]"),
            **deal,
            **_stage(final),
        },
    )
    row, step = steps(reached)
    stage = np.where(step == 4, final[row], step)
    start = created[row] + pace[row] * DAY * step
    is_last = step == reached[row]
    end = np.where(is_last, np.datetime64("9999-12-31T23:59:59.999"), start + pace[row] * DAY)
    history = {
        name: value[row] if isinstance(value, np.ndarray) else value for name, value in deal.items()
    }
    sink.write(
        "salesforce.opportunity_history",
        {
            **history,
            "id": ids[row],
            "_fivetran_active": is_last,
            "_fivetran_start": start,
            "_fivetran_end": end,
            "amount": np.round(amount[row] * (0.8 + 0.2 * step / np.maximum(reached[row], 1)), 2),
            "close_date": close[row].astype("datetime64[D]"),
            **_stage(stage),
        },
    )


def steps(reached: Array) -> tuple[Array, Array]:
    return explode(np.zeros(len(reached), dtype=int), reached + 1)


def _stage(stage: Array) -> dict[str, Array]:
    return {
        "stage_name": np.array(STAGES, dtype=object)[stage],
        "probability": np.array(PROBABILITY)[stage],
        "is_closed": stage >= 4,
        "is_won": stage == 4,
        "forecast_category": np.array(
            ["Pipeline", "Pipeline", "BestCase", "Forecast", "Closed", "Omitted"], dtype=object
        )[stage],
    }


def _write_activities(
    chunk: Chunk,
    sink: Sink,
    companies: Companies,
    account_ids: Array,
    contact_ids: Array,
    account: Array,
    rng: Any,
) -> None:
    """Tasks, some of them due or overdue, and meetings."""
    for table, prefix, mean in (("task", "00T", 1.6), ("event", "00U", 0.6)):
        row = np.repeat(np.arange(len(contact_ids)), rng.poisson(mean, len(contact_ids)))
        size = len(row)
        created = chunk.uniform_times(size, rng, NOW - 200 * DAY, NOW - DAY)
        due = created + rng.integers(1, 21, size) * DAY
        is_done = (rng.random(size) < 0.8) & (due < NOW)
        common = {
            "id": salesforce_ids(prefix, chunk.serials(size)),
            "who_id": contact_ids[row],
            "account_id": account_ids[account[row]],
            "what_id": account_ids[account[row]],
            "owner_id": owner_ids(companies.number[account[row]]),
            "created_date": created,
            "last_modified_date": np.minimum(np.where(is_done, due, created), NOW),
            "activity_date": due.astype("datetime64[D]"),
            "is_deleted": False,
            "_fivetran_active": True,
            "_fivetran_synced": NOW,
        }
        if table == "task":
            common |= {
                "subject": np.array(["Call back", "Send quote", "Follow up"], dtype=object)[
                    row % 3
                ],
                "type": np.array(["Call", "Email", "Call"], dtype=object)[row % 3],
                "status": choose(is_done, "Completed", "Not Started"),
                "priority": choose(row % 5 == 0, "High", "Normal"),
                "is_closed": is_done,
                "completed_date_time": np.where(is_done, due, np.datetime64("NaT")),
            }
        else:
            common |= {
                "subject": "Tasting",
                "type": "Meeting",
                "activity_date_time": due,
                "start_date_time": due,
                "end_date_time": due + DAY / 24,
                "duration_in_minutes": 60,
                "location": None,
            }
        sink.write(f"salesforce.{table}", common)
