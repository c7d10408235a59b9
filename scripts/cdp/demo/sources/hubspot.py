"""HubSpot: contacts, companies and deals of the business side, and their mailings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.cards import Cards
from cdp.demo.columns import DAY, YEAR_START, choose, has, pick, text
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
from cdp.demo.sources.mailings import CAMPAIGNS, Sends, subjects, titles
from cdp.demo.world import NOW, Chunk, World

__all__ = ["write_hubspot", "write_pipeline"]

Array = NDArray[Any]

STAGES = ("appointment", "qualified", "contract", "closedwon", "closedlost")
LABELS = ("Appointment", "Qualified", "Contract sent", "Closed won", "Closed lost")
PROBABILITY = (0.2, 0.4, 0.7, 1.0, 0.0)
LOST = 0.4  # of the deals that ended
PORTAL = 4711


def write_pipeline(world: World, sink: Sink) -> None:
    """The sales people, the stages of a deal, and the year's mailings."""
    sink.write(
        "hubspot.owner",
        {
            "owner_id": 9000 + np.arange(OWNERS),
            **owners(world),
            "created_at": YEAR_START,
            "updated_at": YEAR_START,
            "_fivetran_synced": NOW,
        },
    )
    stages = np.array(STAGES, dtype=object)
    sink.write(
        "hubspot.deal_pipeline_stage",
        {
            "stage_id": stages,
            "label": np.array(LABELS, dtype=object),
            "pipeline_id": "default",
            "display_order": np.arange(len(stages)),
            "probability": np.array(PROBABILITY),
            "closed_won": stages == "closedwon",
            "is_closed": np.isin(stages, ("closedwon", "closedlost")),
            "active": True,
            "created_at": YEAR_START,
            "updated_at": YEAR_START,
            "_fivetran_deleted": False,
            "_fivetran_synced": NOW,
        },
    )
    sink.write(
        "hubspot.email_campaign",
        {
            "id": 3000 + np.arange(CAMPAIGNS),
            "name": titles("hubspot"),
            "subject": subjects(),
            "type": "BATCH_EMAIL",
            "app_name": "Batch",
            "num_included": 100,
            "_fivetran_synced": NOW,
        },
    )


def write_hubspot(chunk: Chunk, sink: Sink) -> None:
    """Contacts, companies, deals, and what contacts did with the mailings."""
    people, rng = chunk.people, chunk.rng("hubspot")
    cards = work_cards(chunk, people.uses["hubspot"], rng)
    who, size = cards.person, len(cards)
    companies = Companies(chunk, who, rng)
    ids = hubspot_ids(people.number[who], cards.nth)
    created = chunk.uniform_times(size, rng, YEAR_START - 100 * DAY)
    row = companies.row_of(people.company[who])
    sink.write(
        "hubspot.contact",
        {
            "id": ids,
            "property_email": cards.email,
            "property_firstname": cards.first,
            "property_lastname": cards.last,
            "property_company": dirt.cases(companies.name[row], rng),
            "property_jobtitle": job_titles(chunk, who),
            "property_createdate": created,
            "property_created_at": created,
            "_fivetran_deleted": False,
            "_fivetran_synced": np.minimum(created + 10 * DAY, NOW),
        },
    )
    sink.people("hubspot", ids.astype(str), people.person_id[who])
    pools = chunk.world.pools
    sink.write(
        "hubspot.company",
        {
            "id": 8_000_000 + companies.number,
            "property_name": companies.name,
            "property_description": None,
            "property_industry": companies.industry,
            "property_address": pools.streets[companies.number % len(pools.streets)],
            "property_city": pools.city[companies.place],
            "property_state": pools.region[companies.place],
            "property_country": pools.country[companies.place],
            "property_annualrevenue": companies.revenue,
            "property_createdate": companies.created,
            "is_deleted": False,
            "_fivetran_synced": NOW,
        },
    )
    _write_deals(chunk, sink, cards, ids, companies, rng)
    _write_email_events(chunk, sink, cards.email[has(cards.email)], rng)


def hubspot_ids(number: Array, nth: Array | int = 0) -> Array:
    """HubSpot's contact ids."""
    return 50_000_000 + number * 2 + nth


def _write_deals(
    chunk: Chunk, sink: Sink, cards: Cards, contact_ids: Array, companies: Companies, rng: Any
) -> None:
    row = np.flatnonzero(rng.random(len(cards)) < 0.5)
    size = len(row)
    deals = Deals(chunk, size, STAGES.index("closedwon") + 1, LOST, rng)
    ids = chunk.serials(size, 70_000_000_000)
    company = companies.row_of(chunk.people.company[cards.person[row]])
    sink.write(
        "hubspot.deal",
        {
            "deal_id": ids,
            "deal_pipeline_id": "default",
            "deal_pipeline_stage_id": pick(STAGES, deals.stage),
            "owner_id": 9000 + companies.number[company] % OWNERS,
            "portal_id": PORTAL,
            "property_dealname": companies.name[company] + " office fruit",
            "property_description": None,
            "property_amount": np.round(rng.lognormal(7.4, 0.7, size), 2),
            "property_createdate": deals.created,
            "property_closedate": deals.closes,
            "is_deleted": False,
        },
    )
    sink.write(
        "hubspot.deal_contact",
        {
            "deal_id": ids,
            "contact_id": contact_ids[row],
            "type_id": 3,
            "category": "HUBSPOT_DEFINED",
            "_fivetran_synced": NOW,
        },
    )
    sink.write(
        "hubspot.deal_company",
        {
            "deal_id": ids,
            "company_id": 8_000_000 + companies.number[company],
            "type_id": 5,
            "category": "HUBSPOT_DEFINED",
        },
    )
    deal, stage, start, until = deals.history()
    sink.write(
        "hubspot.deal_stage",
        {
            "deal_id": ids[deal],
            "value": pick(STAGES, stage),
            "date_entered": start,
            "source": "CRM_UI",
            "_fivetran_start": start,
            "_fivetran_end": until,
            "_fivetran_active": until == STILL,
            "_fivetran_synced": NOW,
        },
    )


def _write_email_events(chunk: Chunk, sink: Sink, reached: Array, rng: np.random.Generator) -> None:
    """What happened to each mail, by recipient. A filtered event is a machine's."""
    sends = Sends(np.full(len(reached), YEAR_START), 0.3, rng)
    second = np.timedelta64(1, "s")
    happened = sends.happened(
        ("SENT", sends.everyone, sends.sent_at),
        ("DELIVERED", ~sends.is_bounced, sends.sent_at + 2 * second),
        ("MACHINE OPEN", sends.is_machine_open, sends.sent_at + 3 * second),
        ("OPEN", sends.is_opened, sends.opened_at),
        ("CLICK", sends.is_clicked, sends.opened_at + 30 * second),
        ("BOUNCE", sends.is_bounced, sends.sent_at),
        ("STATUSCHANGE", sends.is_unsubscribed, sends.opened_at),
    )
    by_machine = happened.kind == "MACHINE OPEN"
    ids = text("he", chunk.serials(len(happened.send)))
    sent_by = ids[happened.send]  # the events begin with SENT, in the order of the sends
    sink.write(
        "hubspot.email_event",
        {
            "id": ids,
            "sent_by_id": choose(happened.kind == "SENT", None, sent_by),
            "created": happened.time,
            "email_campaign_id": 3000 + sends.campaign[happened.send],
            "type": choose(by_machine, "OPEN", happened.kind),
            "filtered_event": by_machine,
            "recipient": reached[sends.reader[happened.send]],
            "portal_id": PORTAL,
            "app_id": 113,
            "_fivetran_synced": NOW,
        },
    )
