"""Salesforce: catering accounts with contacts, leads, opportunities and activities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.cards import Cards
from cdp.demo.columns import DAY, YEAR_START, choose, has, pick, text
from cdp.demo.details import company_name
from cdp.demo.sink import Sink
from cdp.demo.sources.business import (
    OWNERS,
    STILL,
    Companies,
    Deals,
    job_titles,
    owners,
    work_cards,
)
from cdp.demo.sources.pages import take_rows
from cdp.demo.world import NOW, Chunk, World

__all__ = ["write_salesforce", "write_users"]

Array = NDArray[Any]

STAGES = ("Prospecting", "Qualification", "Proposal", "Negotiation", "Closed Won", "Closed Lost")
PROBABILITY = (10.0, 25.0, 50.0, 75.0, 100.0, 0.0)
FORECAST = ("Pipeline", "Pipeline", "BestCase", "Forecast", "Closed", "Omitted")
CONVERTED = 0.3  # of the contacts: were a lead before
LOST = 0.45  # of the deals that ended
SWITCHBOARD = 0.2  # of the contacts: give their company's number


def write_users(world: World, sink: Sink) -> None:
    """The sales people."""
    people = owners(world)
    sink.write(
        "salesforce.user",
        {
            "id": owner_ids(np.arange(OWNERS)),
            **people,
            "name": people["first_name"] + " " + people["last_name"],
            "username": people["email"],
            "is_active": True,
            "title": "Account executive",
            "_fivetran_deleted": False,
            "_fivetran_active": True,
            "_fivetran_synced": NOW,
        },
    )


def owner_ids(index: Array) -> Array:
    """Ids of the sales people, who share the companies among them."""
    return salesforce_ids("005", index % OWNERS)


def salesforce_ids(prefix: str, number: Array) -> Array:
    """Ids of 18 characters, as Salesforce has them."""
    return np.array([f"{prefix}5e{n:013d}" for n in number.tolist()], dtype=object)


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
    office_phone = choose(rng.random(len(contacts)) < SWITCHBOARD, companies.phone[account])
    sink.write(
        "salesforce.contact",
        {
            "id": contact_ids,
            "account_id": account_ids[account],
            "first_name": contacts.first,
            "last_name": contacts.last,
            "name": contacts.name,
            "email": contacts.email,
            "phone": office_phone,
            "mobile_phone": contacts.phone,
            "mailing_street": contacts.address.line1,
            "mailing_city": contacts.address.city,
            "mailing_state_code": contacts.address.region,
            "mailing_postal_code": contacts.address.postal_code,
            "mailing_country_code": contacts.address.country,
            "title": job_titles(chunk, contacts.person),
            "lead_source": pick(("Web", "Referral", "Trade show"), contacts.person),
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
    owner, office = people.person_id[contacts.person], has(office_phone)
    sink.people("salesforce", contact_ids, owner)
    sink.identifiers("phone", office_phone[office], owner[office], True)
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
            "billing_state": pools.region[companies.place],
            "billing_state_code": pools.region[companies.place],
            "billing_country": pools.country[companies.place],
            "billing_country_code": pools.country[companies.place],
            "type": "Customer",
            "owner_id": owner_ids(companies.number),
            "parent_id": choose(companies.number % 17 == 3, np.roll(ids, 1)),
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
    leads = work_cards(chunk, is_lead, rng)
    status = pick(("Open", "Working", "Qualified", "Unqualified"), rng.integers(0, 4, len(leads)))
    columns = _lead_columns(chunk, leads, rng)
    columns |= {"status": status, **_conversion(columns, None)}
    sink.write("salesforce.lead", columns)
    sink.people("salesforce", columns["id"], chunk.people.person_id[leads.person])
    converted = np.flatnonzero((contacts.nth == 0) & (rng.random(len(contacts)) < CONVERTED))
    contact_of = dict(zip(contacts.person[converted].tolist(), contact_ids[converted], strict=True))
    was = np.isin(np.arange(len(chunk.people)), contacts.person[converted])
    leads = work_cards(chunk, was, rng)
    columns = _lead_columns(chunk, leads, rng, offset=1)
    contact = np.array([contact_of[who] for who in leads.person.tolist()], dtype=object)
    columns |= {"status": "Converted", **_conversion(columns, contact)}
    sink.write("salesforce.lead", columns)
    sink.people("salesforce", columns["id"], chunk.people.person_id[leads.person])


def _conversion(columns: dict[str, Any], contact: Array | None) -> dict[str, Any]:
    created = columns["created_date"]
    never = np.full(len(created), np.datetime64("NaT"), dtype="datetime64[us]")
    return {
        "is_converted": contact is not None,
        "converted_contact_id": contact,
        "converted_date": never if contact is None else created + DAY // 2,
    }


def _lead_columns(chunk: Chunk, leads: Cards, rng: Any, offset: int = 0) -> dict[str, Any]:
    people, who, size = chunk.people, leads.person, len(leads)
    companies = [company_name(c, chunk.world.pools) for c in people.company[who].tolist()]
    created = chunk.uniform_times(size, rng, NOW - 250 * DAY, NOW - DAY)
    return {
        "id": salesforce_ids("00Q", people.number[who] * 4 + leads.nth * 2 + offset),
        "first_name": leads.first,
        "last_name": leads.last,
        "name": leads.name,
        "email": leads.email,
        "phone": leads.phone,
        "mobile_phone": None,
        "company": dirt.cases(np.array(companies, dtype=object), rng),
        "title": job_titles(chunk, who),
        "street": leads.address.line1,
        "city": leads.address.city,
        "state_code": leads.address.region,
        "postal_code": leads.address.postal_code,
        "country_code": leads.address.country,
        "lead_source": pick(("Web", "Partner", "Trade show"), who),
        "owner_id": owner_ids(people.company[who]),
        "gclid_c": choose(rng.random(size) < 0.15, text("Cj0Kl", people.number[who])),
        "has_opted_out_of_email": rng.random(size) < 0.05,
        "is_deleted": False,
        "created_date": created,
        "last_modified_date": created + DAY // 2,
        "_fivetran_synced": NOW,
    }


def _write_opportunities(
    chunk: Chunk, sink: Sink, companies: Companies, account_ids: Array, rng: Any
) -> None:
    """Deals that went through the stages one by one; some are still on their way."""
    account = np.repeat(np.arange(len(account_ids)), rng.poisson(1.3, len(account_ids)))
    size = len(account)
    deals = Deals(chunk, size, STAGES.index("Closed Won") + 1, LOST, rng)
    amount = np.round(rng.lognormal(8.3, 0.8, size), 2)
    columns = {
        "id": salesforce_ids("006", chunk.serials(size)),
        "account_id": account_ids[account],
        "name": companies.name[account] + " catering",
        "owner_id": owner_ids(companies.number[account]),
        "lead_source": "Web",
        "type": "New business",
        "close_date": deals.closes.astype("datetime64[D]"),
        "created_date": deals.created,
        "is_deleted": False,
        "_fivetran_synced": NOW,
    }
    now = {"amount": amount, "_fivetran_active": True, **_stage(deals.stage)}
    sink.write("salesforce.opportunity", columns | now)
    deal, stage, start, until = deals.history()
    grown = 0.8 + 0.2 * np.minimum(stage, 4) / np.maximum(deals.reached[deal], 1)
    then = {
        "amount": np.round(amount[deal] * np.minimum(grown, 1), 2),
        "_fivetran_start": start,
        "_fivetran_end": until,
        "_fivetran_active": until == STILL,
        **_stage(stage),
    }
    sink.write("salesforce.opportunity_history", take_rows(columns, deal) | then)


def _stage(stage: Array) -> dict[str, Array]:
    return {
        "stage_name": pick(STAGES, stage),
        "probability": np.array(PROBABILITY)[stage],
        "is_closed": stage >= STAGES.index("Closed Won"),
        "is_won": stage == STAGES.index("Closed Won"),
        "forecast_category": pick(FORECAST, stage),
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
        columns = {
            "id": salesforce_ids(prefix, chunk.serials(size)),
            "who_id": contact_ids[row],
            "account_id": account_ids[account[row]],
            "what_id": account_ids[account[row]],
            "owner_id": owner_ids(companies.number[account[row]]),
            "created_date": created,
            "last_modified_date": np.where(is_done, due, created),
            "activity_date": due.astype("datetime64[D]"),
            "is_deleted": False,
            "_fivetran_active": True,
            "_fivetran_synced": NOW,
        }
        details = _task(row, due, is_done) if table == "task" else _meeting(due)
        sink.write(f"salesforce.{table}", columns | details)


def _task(row: Array, due: Array, is_done: Array) -> dict[str, Any]:
    return {
        "subject": pick(("Call back", "Send quote", "Follow up"), row),
        "type": pick(("Call", "Email", "Call"), row),
        "status": choose(is_done, "Completed", "Not Started"),
        "priority": choose(row % 5 == 0, "High", "Normal"),
        "task_subtype": pick(("Call", "Email", "Call"), row),
        "call_type": pick(("Outbound", None, "Outbound"), row),
        "call_disposition": choose(is_done, pick(("Reached", None, "No answer"), row)),
        "is_closed": is_done,
        "completed_date_time": np.where(is_done, due, np.datetime64("NaT")),
    }


def _meeting(due: Array) -> dict[str, Any]:
    return {
        "subject": "Tasting",
        "type": "Meeting",
        "activity_date_time": due,
        "start_date_time": due,
        "end_date_time": due + DAY // 24,
        "duration_in_minutes": 60,
        "location": None,
    }
